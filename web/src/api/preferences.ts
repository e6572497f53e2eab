import type { Preferences } from '../types';
import { answerTo } from './transport';

const PATH = '/api/preferences';

/** The document and the version it is of. */
export interface Versioned {
  document: Preferences;
  etag: string;
}

/** A merge patch (RFC 7396): what is named changes, `null` goes back to the default. */
export type PreferencesPatch = Partial<Preferences>;

export const preferences = {
  get: async () => versioned(await answerTo({ method: 'GET', path: PATH })),
  /** 412 where the document is no longer of that version. */
  patch: async (body: PreferencesPatch, etag: string) =>
    versioned(
      await answerTo({
        method: 'PATCH',
        path: PATH,
        body,
        contentType: 'application/merge-patch+json',
        ifMatch: etag,
      }),
    ),
};

async function versioned(response: Response): Promise<Versioned> {
  return { document: (await response.json()) as Preferences, etag: response.headers.get('ETag') ?? '*' };
}
