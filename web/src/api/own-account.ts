import type { AccessPage, Consent, Deletion } from '../types';
import { Problem } from './problem';
import { answerTo, ifSignedIn, request } from './transport';

/** What the directory at the end of a zip ends with, as long as the zip has no comment. */
const END_OF_ZIP = [0x50, 0x4b, 0x05, 0x06];
const END_LENGTH = 22;

export const ownAccount = {
  /** When the account is deleted; `null` where it stays. Told to whoever has still to set up a second factor, too. */
  deletionDueAt: async () =>
    (await ifSignedIn<{ deletion_due_at: string | null }>('/api/auth/me'))?.deletion_due_at ?? null,
  /** Ends every session, this one too. */
  remove: (username: string) => request<Deletion>('DELETE', '/api/account', { username }),
  keep: () => request<void>('POST', '/api/account/deletion/cancel'),
  /** Everything held on the account, as a zip. One that was cut off on its way is refused: it opens as no archive. */
  async everything(): Promise<Blob> {
    const answer = await answerTo({ method: 'GET', path: '/api/account/export', accept: 'application/zip' });
    const archive = await answer.blob().catch(() => new Blob());
    const end = new Uint8Array(await archive.slice(-END_LENGTH).arrayBuffer());
    if (end.length === END_LENGTH && END_OF_ZIP.every((byte, at) => end[at] === byte)) return archive;
    throw new Problem(answer.status, 'export_cut_off', 'The download was cut off. Nothing was saved: try again.');
  },
};

export const accessLog = {
  list(actor: 'others' | 'me' | null, cursor: string | null, limit: number) {
    const query = new URLSearchParams({ limit: String(limit) });
    if (actor !== null) query.set('actor', actor);
    if (cursor !== null) query.set('cursor', cursor);
    return request<AccessPage>('GET', `/api/account/access-log?${query}`);
  },
};

export const consents = {
  list: async () => (await request<{ consents: Consent[] }>('GET', '/api/account/consents?limit=1')).consents,
  withdraw: (purpose: string) => request<Consent>('DELETE', `/api/account/consents/${encodeURIComponent(purpose)}`),
};
