import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { load } from '../testing/load.mjs';

const API = 'https://api.app.example';
const { apiBase } = await load('./api-url.ts');

/** What a page sends that was built with that setting: URL, credentials and CSRF token of each request. */
async function sentBy(setting, act) {
  const sent = [];
  globalThis.fetch = async (url, { credentials, headers }) => {
    sent.push([url, credentials, headers.get('X-CSRF-Token')]);
    return Response.json({ csrf_token: 'of the session' });
  };
  await act(await load('./src/api/transport.ts', { apiUrl: setting }));
  return sent;
}

afterEach(() => {
  delete globalThis.fetch;
});

test('a page of its own host calls that host, without naming it', async () => {
  const sent = await sentBy('', ({ request }) => request('GET', '/api/usage'));
  assert.deepEqual(sent, [['/api/usage', 'same-origin', null]]);
});

test('a page of another host calls the API with the session, before sign-in and after', async () => {
  const sent = await sentBy(API, async ({ anonymous, ifSignedIn, request }) => {
    await ifSignedIn('/api/auth/me');
    await anonymous('/api/auth/login', {});
    await request('DELETE', '/api/auth/sessions');
  });
  assert.deepEqual(sent, [
    [`${API}/api/auth/me`, 'include', null],
    [`${API}/api/auth/login`, 'include', null],
    [`${API}/api/auth/sessions`, 'include', 'of the session'],
  ]);
});

test('a link to the content of a file leads to the API', async () => {
  const link = async (setting) => (await load('./src/api/files.ts', { apiUrl: setting })).files.content('a b');
  assert.equal(await link(''), '/api/files/a%20b/content');
  assert.equal(await link(`${API}/prod`), `${API}/prod/api/files/a%20b/content`);
});

test('the build takes an address that paths can follow, and nothing where nothing is set', () => {
  assert.equal(apiBase(undefined), '');
  assert.equal(apiBase(''), '');
  assert.equal(apiBase('https://api.app.example'), API);
  assert.equal(apiBase('https://api.app.example/'), API);
  assert.equal(apiBase('https://api.app.example/prod/'), `${API}/prod`);
  assert.equal(apiBase('http://localhost:9000'), 'http://localhost:9000');
});

test('the build refuses what is no such address', () => {
  const wrong = ['api.app.example', '/api', 'ftp://api.app.example', `${API}/?a=b`, `${API}/#a`, 'https://me@api.app.example'];
  for (const setting of wrong) assert.throws(() => apiBase(setting), /^Error: WARD_API_URL is/, setting);
});
