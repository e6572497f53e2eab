import type { DeletedKey, FormerVersion, StoredValue } from '../types';
import { allPages, type Page } from './pages';
import { rawMembers, rawObject } from './raw-json';
import { answerTo, request } from './transport';

/** What a change is based on: the `etag` that was read, `new` where there was nothing, `any` for whatever there is. */
export type Base = { etag: string } | 'new' | 'any';

type Stored = Pick<StoredValue, 'key' | 'version' | 'etag' | 'updated_at'>;

interface KeysPage extends Page {
  keys: string[];
  details?: DeletedKey[];
}

export const storage = {
  keys: async () => (await allPages(keysPage(''))).flatMap((page) => page.keys),
  get: (key: string) => stored(valuePath(key)),
  former: (key: string, version: number) => stored(`${valuePath(key)}&version=${version}`),
  /** 412 where what is there is not what the change is based on. A set without metadata would drop what there is. */
  set({ key, json, metadata }: Pick<StoredValue, 'key' | 'json' | 'metadata'>, base: Base): Promise<Stored> {
    const body = { key: JSON.stringify(key), value: json, ...(metadata === null ? {} : { metadata }) };
    return changed<Stored>('/api/storage/set', { json: rawObject(body) }, base);
  },
  remove: (key: string) => request<void>('DELETE', `/api/storage/delete?key=${encodeURIComponent(key)}`),
  versions: async (key: string) =>
    (await request<{ versions: FormerVersion[] }>('POST', '/api/storage/versions/search', { key })).versions,
  /** 412 as for `set`. */
  restore: (key: string, version: number, base: Base) =>
    changed<Stored>('/api/storage/versions/restore', { body: { key, version } }, base),
  deleted: async () => (await allPages(keysPage('&deleted=true&details=true'))).flatMap((page) => page.details ?? []),
};

/** Reads a value, and keeps it and its metadata as the server wrote them. */
async function stored(path: string): Promise<StoredValue> {
  const text = await (await answerTo({ method: 'GET', path })).text();
  const { key, version, etag, updated_at } = JSON.parse(text) as Stored;
  const members = rawMembers(text);
  const metadata = members.get('metadata') ?? 'null';
  return {
    key,
    json: members.get('value') ?? 'null',
    metadata: metadata === 'null' ? null : metadata,
    version,
    etag,
    updated_at,
  };
}

function valuePath(key: string): string {
  return `/api/storage/get?key=${encodeURIComponent(key)}`;
}

function keysPage(filter: string): (cursor: string | null) => Promise<KeysPage> {
  return (cursor) => {
    const behind = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    return request<KeysPage>('GET', `/api/storage/keys?${(filter + behind).slice(1)}`);
  };
}

async function changed<T>(path: string, content: { body: unknown } | { json: string }, base: Base): Promise<T> {
  const condition =
    base === 'any' ? {} : base === 'new' ? { ifNoneMatch: '*' } : { ifMatch: base.etag };
  return (await (await answerTo({ method: 'POST', path, ...content, ...condition })).json()) as T;
}
