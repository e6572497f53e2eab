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
    return Response.json({ users, next_cursor: method === 'POST' ? null : 'behind-grace' });
  };
});

test('a name goes in the body, never in an address', async () => {
  const pages = useUserPages();
  await pages.find({ role: 'admin', name: { username: 'ada' } });
  await pages.find({ name: { email: 'ada@example.org' } });
  assert.deepEqual(sent, [
    ['POST', '/api/users/search', '{"username":"ada"}'],
    ['POST', '/api/users/search', '{"email":"ada@example.org"}'],
  ]);
  assert.deepEqual(pages.shown.value, [ada]);
  assert.equal(pages.next.value, null);
});

test('who has the name is shown only where the rest fits as well', async () => {
  const pages = useUserPages();
  for (const other of [{ role: 'user' }, { status: 'disabled' }]) {
    await pages.find({ ...other, name: { username: 'ada' } });
    assert.deepEqual(pages.shown.value, []);
  }
  await pages.find({ role: 'admin', status: 'active', name: { username: 'ada' } });
  assert.deepEqual(pages.shown.value, [ada]);
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
