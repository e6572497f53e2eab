import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { load } from '../testing/load.mjs';

const { anonymous, forgetCsrfToken, request } = await load('./src/api/transport.ts');

/** What the page sent so far: method, path and CSRF token of each request. */
let sent = [];

/** Answers each path as told; `/api/auth/csrf` with the session's token. */
function serve(answers) {
  globalThis.fetch = async (path, { method, headers }) => {
    sent.push([method, path, headers.get('X-CSRF-Token')]);
    const body = answers[path] ?? (path === '/api/auth/csrf' ? { csrf_token: 'asked for' } : undefined);
    return body === undefined ? new Response(null, { status: 204 }) : Response.json(body);
  };
}

beforeEach(() => {
  sent = [];
  forgetCsrfToken();
});

test('the CSRF token is asked for once, before the first change', async () => {
  serve({});
  await request('GET', '/api/auth/factors');
  await request('POST', '/api/auth/logout');
  await request('DELETE', '/api/auth/sessions');
  assert.deepEqual(sent, [
    ['GET', '/api/auth/factors', null],
    ['GET', '/api/auth/csrf', null],
    ['POST', '/api/auth/logout', 'asked for'],
    ['DELETE', '/api/auth/sessions', 'asked for'],
  ]);
});

test('the token of any answer that has one is taken over', async () => {
  serve({
    '/api/auth/login': { user: {}, csrf_token: 'of the sign-in' },
    '/api/auth/factors/totp/confirm': { backup_codes: [], csrf_token: 'of the new cookie' },
  });
  await anonymous('/api/auth/login', {});
  await request('POST', '/api/auth/factors/totp/confirm', { code: '123456' });
  await request('DELETE', '/api/auth/sessions');
  assert.deepEqual(
    sent.map(([, , token]) => token),
    [null, 'of the sign-in', 'of the new cookie'],
  );
});

test('an answer without a token leaves the one there is', async () => {
  serve({ '/api/auth/login': { csrf_token: 'first' }, '/api/auth/api-keys': { csrf_token: null } });
  await anonymous('/api/auth/login', {});
  await request('POST', '/api/auth/api-keys', {});
  await request('DELETE', '/api/auth/sessions');
  assert.equal(sent.at(-1)[2], 'first');
});
