import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/browser';

import { serverEvents } from './sse';
import type { AnswerEvent, Chat, ChatWithMessages, SignedIn, StoredValue, Usage, User } from './types';

/** A failed request, as Ward's `application/problem+json` tells it. `status` is 0 where no answer came at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string | null = null,
    /** Seconds to wait before trying again, where the server named them. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail ? `${title}: ${detail}` : title);
    this.name = 'Problem';
  }
}

const UNREACHABLE = new Problem(0, 'unreachable', 'Ward can’t be reached', 'Check that it is running, then try again.');
const CUT_OFF = new Problem(0, 'cut_off', 'The answer was cut off', 'The connection ended before the answer did.');

let csrfToken: string | null = null;
let watch: SessionWatch = { ended: () => undefined, sameCaller: () => Promise.resolve(false) };

/** What the requests of a signed-in page need to know of its session, and tell it. */
interface SessionWatch {
  /** A request was refused for want of a session. */
  ended(): void;
  /** Whether the browser's session is still that of the person on the page; another tab may have opened another. */
  sameCaller(): Promise<boolean>;
}

/** Keeps the token in memory only: a script that can read storage later finds nothing. */
export function rememberCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Names who is asked and told about the session. */
export function watchSession(watcher: SessionWatch): void {
  watch = watcher;
}

export const auth = {
  registrationOptions: (username: string, displayName: string) =>
    anonymous<PublicKeyCredentialCreationOptionsJSON>('/api/auth/passkeys/registration/options', {
      username,
      display_name: displayName,
    }),
  registrationVerify: (response: RegistrationResponseJSON) =>
    anonymous<SignedIn>('/api/auth/passkeys/registration/verify', response),
  authenticationOptions: () =>
    anonymous<PublicKeyCredentialRequestOptionsJSON>('/api/auth/passkeys/authentication/options'),
  authenticationVerify: (response: AuthenticationResponseJSON) =>
    anonymous<SignedIn>('/api/auth/passkeys/authentication/verify', response),
  /** Who is signed in; `null` for nobody. */
  async me(): Promise<User | null> {
    const response = await exchange('GET', '/api/auth/me');
    if (response.status === 401) return null;
    return (await parsed<{ user: User }>(response)).user;
  },
  logout: () => request<void>('POST', '/api/auth/logout'),
};

export const storage = {
  keys: async () => (await request<{ keys: string[] }>('GET', '/api/storage/keys')).keys,
  get: (key: string) => request<StoredValue>('GET', `/api/storage/get?key=${encodeURIComponent(key)}`),
  set: (key: string, value: unknown) =>
    request<{ key: string; updated_at: string }>('POST', '/api/storage/set', { key, value }),
  remove: (key: string) => request<void>('DELETE', `/api/storage/delete?key=${encodeURIComponent(key)}`),
};

export const chats = {
  list: async () => (await request<{ chats: Chat[] }>('GET', '/api/chats')).chats,
  /** In a body, not a URL: URLs end up in logs, and a patient id must not. */
  search: async (patientId: string) =>
    (await request<{ chats: Chat[] }>('POST', '/api/chats/search', { patient_id: patientId })).chats,
  create: (title: string, patientId: string | null) =>
    request<Chat>('POST', '/api/chats', patientId ? { title, patient_id: patientId } : { title }),
  open: (id: string) => request<ChatWithMessages>('GET', `/api/chats/${encodeURIComponent(id)}`),
  /**
   * Sends a message and yields its answer as it is written. Throws a `Problem` where the server refused it, where it
   * failed midway, or where the stream ended without a last event.
   */
  async *send(id: string, content: string): AsyncGenerator<AnswerEvent, void, undefined> {
    const path = `/api/chats/${encodeURIComponent(id)}/messages`;
    const response = await accepted(await exchangeWithCsrf('POST', path, { content }, 'text/event-stream'));
    if (!response.body) throw CUT_OFF;
    try {
      for await (const { event, data } of serverEvents(response.body.pipeThrough(new TextDecoderStream()))) {
        const answer = { event, data: JSON.parse(data) } as AnswerEvent;
        if (answer.event === 'error') throw new Problem(answer.data.status, answer.data.code, answer.data.title);
        yield answer;
        if (answer.event === 'done') return;
      }
    } catch (fault) {
      throw fault instanceof Problem ? fault : CUT_OFF;
    }
    throw CUT_OFF;
  },
};

export const usage = {
  today: () => request<Usage>('GET', '/api/usage'),
};

/** What a person is shown about a fault, whatever was thrown. */
export function asProblem(fault: unknown): Problem {
  if (fault instanceof Problem) return fault;
  return new Problem(0, 'unexpected', 'Something went wrong', fault instanceof Error ? fault.message : null);
}

type Method = 'GET' | 'POST' | 'DELETE';

/** A request before sign-in: no session, so no CSRF token, and a 401 concerns only this request. */
async function anonymous<T>(path: string, body?: unknown): Promise<T> {
  return parsed<T>(await exchange('POST', path, body));
}

async function request<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const response = await accepted(await exchangeWithCsrf(method, path, body));
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

/**
 * Sends the CSRF token where one is needed. Where it was that of an earlier session, sends a fresh one, but only for the
 * same person: what one wrote must not be stored for another.
 */
async function exchangeWithCsrf(method: Method, path: string, body?: unknown, accept?: string): Promise<Response> {
  if (method === 'GET') return exchange(method, path, body, accept);
  const known = csrfToken;
  const response = await exchange(method, path, body, accept, known ?? (await freshCsrfToken()));
  if (known === null || response.status !== 403 || (await problemOf(response.clone())).code !== 'csrf_token_invalid') {
    return response;
  }
  csrfToken = null;
  return (await watch.sameCaller()) ? exchange(method, path, body, accept, await freshCsrfToken()) : response;
}

async function freshCsrfToken(): Promise<string> {
  const response = await accepted(await exchange('GET', '/api/auth/csrf'));
  csrfToken = ((await response.json()) as { csrf_token: string }).csrf_token;
  return csrfToken;
}

async function exchange(
  method: Method,
  path: string,
  body?: unknown,
  accept = 'application/json',
  csrf?: string,
): Promise<Response> {
  const headers = new Headers({ Accept: `${accept}, application/problem+json` });
  if (body !== undefined) headers.set('Content-Type', 'application/json');
  if (csrf !== undefined) headers.set('X-CSRF-Token', csrf);
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) init.body = JSON.stringify(body);
  try {
    return await fetch(path, init);
  } catch {
    throw UNREACHABLE;
  }
}

async function parsed<T>(response: Response): Promise<T> {
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as T;
}

/** Passes an answer with a 2xx status on; throws any other, and reports the end of the session. */
async function accepted(response: Response): Promise<Response> {
  if (response.ok) return response;
  if (response.status === 401) {
    csrfToken = null;
    watch.ended();
  }
  throw await problemOf(response);
}

async function problemOf(response: Response): Promise<Problem> {
  const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  const retryAfter = Number.isNaN(seconds) ? null : seconds;
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  let body: Record<string, unknown> = {};
  if (response.headers.get('Content-Type')?.includes('json')) {
    body = await response.json().catch(() => ({}));
  }
  return new Problem(
    response.status,
    text(body['code']) ?? 'unknown',
    text(body['title']) ?? `Ward answered ${response.status}`,
    text(body['detail']),
    retryAfter,
  );
}
