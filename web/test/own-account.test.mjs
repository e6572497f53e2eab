import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { beforeEach, test } from 'node:test';

import { load } from '../testing/load.mjs';

const { actionWords, actorWords } = await load('./src/identity/access-words.ts');
const { ownAccount } = await load('./src/api/index.ts');
const { useAccessPages } = await load('./src/identity/access-pages.ts');

const access = { at: '2026-11-21T18:00:00Z', action: 'user.read', resource_type: 'user', actor: { kind: 'administrator', role: 'admin' } };
const another = { ...access, action: 'user.list' };
/** Paths the page asked for, and what they are answered with, in this order. */
let sent = [];
let answers = [];

beforeEach(() => {
  sent = [];
  globalThis.fetch = async (path) => {
    sent.push(path);
    return Response.json(answers.shift());
  };
});

test('who looked is told by role, never by name', () => {
  assert.equal(actorWords({ kind: 'you', role: null }), 'You');
  assert.equal(actorWords({ kind: 'administrator', role: 'admin' }), 'Somebody else (Administrator)');
  assert.equal(actorWords({ kind: 'administrator', role: null }), 'Somebody who is no longer here');
  assert.equal(actorWords({ kind: 'operator', role: null }), 'The operator of this service');
});

test('each action of the documentation has words, and an unknown one its name', async () => {
  assert.equal(actionWords('user.list'), 'Saw the user in the list of users');
  assert.equal(actionWords('files.open'), 'files.open');
  const page = await readFile(new URL('../../docs/account.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `([a-z_]+(?:\.[a-z_]+)+)` \|/gm)].map(([, action]) => action);
  assert.ok(documented.length > 40);
  for (const action of documented) assert.notEqual(actionWords(action), action);
});

test('pages of nothing are passed over', async () => {
  answers = [
    { accesses: [], next_cursor: 'a' },
    { accesses: [], next_cursor: 'b' },
    { accesses: [access, another], next_cursor: 'c' },
  ];
  const pages = useAccessPages();
  await pages.reload();
  assert.deepEqual(sent, [
    '/api/account/access-log?limit=25&actor=others',
    '/api/account/access-log?limit=25&actor=others&cursor=a',
    '/api/account/access-log?limit=25&actor=others&cursor=b',
  ]);
  assert.deepEqual(pages.shown.value, [{ ...access, count: 1 }, { ...another, count: 1 }]);
  assert.equal(pages.next.value, 'c');
});

test('the log is turned page by page, with one’s own accesses where they are asked for', async () => {
  answers = [
    { accesses: [access, another], next_cursor: 'a' },
    { accesses: [access], next_cursor: null },
    { accesses: [access, another], next_cursor: 'a' },
  ];
  const pages = useAccessPages();
  pages.mine.value = true;
  await pages.reload();
  await pages.forward();
  await pages.back();
  assert.deepEqual(sent, [
    '/api/account/access-log?limit=25',
    '/api/account/access-log?limit=25&cursor=a',
    '/api/account/access-log?limit=25',
  ]);
});

test('an export is taken whole or not at all', async () => {
  const end = [0x50, 0x4b, 5, 6, ...new Array(18).fill(0)];
  const answer = (bytes) => (globalThis.fetch = async (path, init) => {
    assert.equal(path, '/api/account/export');
    assert.match(init.headers.get('accept'), /^application\/zip/);
    return new Response(new Uint8Array(bytes), { headers: { 'Content-Type': 'application/zip' } });
  });
  answer([1, 2, 3, ...end]);
  assert.equal((await ownAccount.everything()).size, 25);
  for (const cut of [[], [1, 2, 3], [1, 2, 3, ...end.slice(0, -1)]]) {
    answer(cut);
    await assert.rejects(() => ownAccount.everything(), { code: 'export_cut_off' });
  }
});
