import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { load } from '../testing/load.mjs';

const { useUserPages } = await load('./src/identity/user-pages.ts');

const ada = { id: '1', username: 'ada', role: 'admin', status: 'active' };
const grace = { id: '2', username: 'grace', role: 'user', status: 'active' };
/** Method, path and body of what the page asked for. */
let sent = [];

beforeEach(() => {
  sent = [];
  globalThis.fetch = async (path, { method, body }) => {
    if (path === '/api/auth/csrf') return Response.json({ csrf_token: 'c' });
    sent.push([method, path, body]);
    const users = method === 'POST' ? [ada] : [ada, grace];
    return Response.json({ users, next_cursor: method === 'POST' ? 'behind-ada' : 'behind-grace' });
  };
});

test('a name goes in the body, never in an address, with all else that is asked', async () => {
  const pages = useUserPages();
  await pages.find({ role: 'admin', status: 'active', name: { username: 'ada' } });
  await pages.find({ name: { email: 'ada@example.org' } });
  assert.deepEqual(sent, [
    ['POST', '/api/users/search', '{"username":"ada","role":"admin","status":"active","limit":25}'],
    ['POST', '/api/users/search', '{"email":"ada@example.org","limit":25}'],
  ]);
  assert.deepEqual(pages.shown.value, [ada]);
});

test('what a search finds is shown as it came, a page at a time', async () => {
  const pages = useUserPages();
  await pages.find({ role: 'user', name: { username: 'ada' } });
  assert.deepEqual(pages.shown.value, [ada], 'the server alone decides who fits');
  assert.equal(pages.next.value, 'behind-ada');
  await pages.forward();
  assert.deepEqual(JSON.parse(sent[1][2]), { username: 'ada', role: 'user', limit: 25, cursor: 'behind-ada' });
});

test('without a name the list is asked for, a page at a time', async () => {
  const pages = useUserPages();
  await pages.find({ status: 'active' });
  await pages.forward();
  await pages.back();
  assert.deepEqual(
    sent.map(([method, path]) => `${method} ${path}`),
    [
      'GET /api/users?status=active&limit=25',
      'GET /api/users?status=active&limit=25&cursor=behind-grace',
      'GET /api/users?status=active&limit=25',
    ],
  );
});
