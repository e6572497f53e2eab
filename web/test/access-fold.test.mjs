import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

const { folded } = await load('./src/identity/access-fold.ts');
const { useAccessPages } = await load('./src/identity/access-pages.ts');

const you = { kind: 'you', role: null };
const part = (at, action = 'account.export.read', actor = you) => ({ at, action, resource_type: 'account', actor });

test('equal accesses within a minute are one row, in the place of the newest', () => {
  const rows = folded([
    part('2026-11-21T18:04:59.5Z'),
    part('2026-11-21T18:04:30Z', 'file.list'),
    part('2026-11-21T18:04:01Z'),
    part('2026-11-21T18:03:59Z'),
    part('2026-11-21T18:03:58Z', 'account.export.read', { kind: 'administrator', role: 'admin' }),
  ]);
  assert.deepEqual(
    rows.map(({ at, action, count }) => [at.slice(14, 19), action, count]),
    [
      ['04:59', 'account.export.read', 2],
      ['04:30', 'file.list', 1],
      ['03:59', 'account.export.read', 1],
      ['03:58', 'account.export.read', 1],
    ],
  );
});

test('pages of one request are read on until there is another row', async () => {
  const equal = Array.from({ length: 25 }, () => part('2026-11-21T18:04:00Z'));
  const answers = [
    { accesses: equal, next_cursor: 'a' },
    { accesses: equal, next_cursor: 'b' },
    { accesses: [part('2026-11-21T18:03:00Z', 'file.list')], next_cursor: 'c' },
  ];
  globalThis.fetch = async () => Response.json(answers.shift());
  const pages = useAccessPages();
  await pages.reload();
  assert.deepEqual(pages.shown.value.map(({ action, count }) => [action, count]), [['account.export.read', 50], ['file.list', 1]]);
  assert.equal(pages.next.value, 'c');
});
