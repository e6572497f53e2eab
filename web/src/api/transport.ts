import { repeatAfterStepUp } from '../identity/step-up';
import { CREDENTIALS, apiUrl } from './base';
import { UNREACHABLE, problemOf } from './problem';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface Call {
  method: Method;
  path: string;
  body?: unknown;
  /** A body that is JSON already, sent as it is. */
  json?: string;
  accept?: string;
  contentType?: string;
  ifMatch?: string;
  ifNoneMatch?: string;
  /** Sent as it is, under its name, in place of a body of JSON. */
  file?: File;
}

/** What the requests of a signed-in page need to know of its session, and tell it. */
interface SessionWatch {
  /** A request was refused for want of a session. */
  ended(): void;
  /** Whether the browser's session is still that of the person on the page; another tab may have opened another. */
  sameCaller(): Promise<boolean>;
  /** Asks the person to show once more that it is them, and resolves to whether they did. */
  stepUp(): Promise<boolean>;
}

/** In memory only: a script that can read storage later finds nothing. */
let csrfToken: string | null = null;
let watch: SessionWatch = {
  ended: () => undefined,
  sameCaller: () => Promise.resolve(false),
  stepUp: () => Promise.resolve(false),
};
const steppingUp = repeatAfterStepUp(() => watch.stepUp());

/** Forgets the token of a session that is over. */
export function forgetCsrfToken(): void {
  csrfToken = null;
}

/** Names who is asked and told about the session. */
export function watchSession(watcher: Partial<SessionWatch>): void {
  watch = { ...watch, ...watcher };
}

/** A request before sign-in: no session, so no CSRF token, and a 401 concerns only this request. */
export async function anonymous<T>(path: string, body?: unknown, method: Method = 'POST'): Promise<T> {
  return read<T>(await passed(await exchange({ method, path, body })));
}

/** As `anonymous`, for who is signed in if anyone is: `null` where nobody is. */
export async function ifSignedIn<T>(path: string): Promise<T | null> {
  const response = await exchange({ method: 'GET', path });
  return response.status === 401 ? null : read<T>(await passed(response));
}

/** A request of the signed-in page. Where the server wants a step-up, it is asked for and the request repeated. */
export async function request<T>(method: Method, path: string, body?: unknown): Promise<T> {
  return read<T>(await answerTo({ method, path, body }));
}

/** As `request`, with the whole answer: for streams and for headers. */
export function answerTo(call: Call): Promise<Response> {
  return steppingUp(() => answerOnce(call));
}

/** As `request`, for the step-up itself, which must not ask for another. */
export async function requestOnce<T>(method: Method, path: string, body?: unknown): Promise<T> {
  return read<T>(await answerOnce({ method, path, body }));
}

/** Throws what is not 2xx, and reports the end of the session. */
async function answerOnce(call: Call): Promise<Response> {
  const response = await exchangeWithCsrf(call);
  if (response.ok) return response;
  const problem = await problemOf(response);
  // A wrong password or a strange passkey is a 401 as well, and no reason to sign anyone out.
  if (response.status === 401 && (problem.code === 'unauthenticated' || problem.code === 'unknown')) {
    csrfToken = null;
    watch.ended();
  }
  throw problem;
}

/**
 * Sends the CSRF token where one is needed. Where it was that of an earlier session, sends a fresh one, but only for the
 * same person: what one wrote must not be stored for another.
 */
async function exchangeWithCsrf(call: Call): Promise<Response> {
  if (call.method === 'GET') return exchange(call);
  const known = csrfToken;
  const response = await exchange(call, known ?? (await freshCsrfToken()));
  if (known === null || response.status !== 403 || (await problemOf(response.clone())).code !== 'csrf_token_invalid') {
    return response;
  }
  csrfToken = null;
  return (await watch.sameCaller()) ? exchange(call, await freshCsrfToken()) : response;
}

/** A name as RFC 8187 writes it, which leaves fewer characters as they are than a URL does. */
function extended(name: string): string {
  // Half of a pair of surrogates has no UTF-8, and would throw.
  const wellFormed = new TextDecoder().decode(new TextEncoder().encode(name));
  const hex = (sign: string) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(wellFormed).replace(/['()*]/g, hex);
}

/** The session's CSRF token, for a request that is not made here. */
export async function csrf(): Promise<string> {
  return csrfToken ?? (await freshCsrfToken());
}

async function freshCsrfToken(): Promise<string> {
  const response = await answerOnce({ method: 'GET', path: '/api/auth/csrf' });
  csrfToken = ((await response.json()) as { csrf_token: string }).csrf_token;
  return csrfToken;
}

async function exchange(call: Call, csrf?: string): Promise<Response> {
  const headers = new Headers({ Accept: `${call.accept ?? 'application/json'}, application/problem+json` });
  const init: RequestInit = { method: call.method, headers, credentials: CREDENTIALS, cache: 'no-store' };
  const json = call.json ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
  if (json !== undefined) {
    headers.set('Content-Type', call.contentType ?? 'application/json');
    init.body = json;
  }
  if (call.file) {
    headers.set('Content-Type', call.file.type || 'application/octet-stream');
    headers.set('Content-Disposition', `attachment; filename*=UTF-8''${extended(call.file.name)}`);
    init.body = call.file;
  }
  if (call.ifMatch !== undefined) headers.set('If-Match', call.ifMatch);
  if (call.ifNoneMatch !== undefined) headers.set('If-None-Match', call.ifNoneMatch);
  if (csrf !== undefined) headers.set('X-CSRF-Token', csrf);
  try {
    return await fetch(apiUrl(call.path), init);
  } catch {
    throw UNREACHABLE;
  }
}

async function passed(response: Response): Promise<Response> {
  if (!response.ok) throw await problemOf(response);
  return response;
}

/**
 * Reads the body; `undefined` where there is none. Where the session has a new cookie from here on, the answer says which
 * CSRF token belongs to it, whatever else it is about.
 */
async function read<T>(response: Response): Promise<T> {
  const text = await response.text();
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  if (typeof body === 'object' && body !== null && 'csrf_token' in body && typeof body.csrf_token === 'string') {
    csrfToken = body.csrf_token;
  }
  return body as T;
}
