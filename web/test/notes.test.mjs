import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

const { Problem, allPages, conflictWords, draftOf, isConflict, jsonOf, rawMembers, rawObject, storage } = await load('./testing/modules.ts');

test('only a failed condition is a conflict', () => {
  assert.ok(isConflict(new Problem(412, 'version_mismatch', 'Changed meanwhile')));
  for (const other of [new Problem(409, 'storage_full', 'Full'), new Error('version_mismatch'), undefined]) {
    assert.ok(!isConflict(other));
  }
});

test('a conflict is told in words that say what to do', () => {
  assert.match(conflictWords(true).title, /There is a note of this name/);
  assert.match(conflictWords(false).title, /has changed meanwhile/);
  assert.match(conflictWords(false).detail, /Your text is still here/);
});

/** What parsing would change: digits, a fraction of nothing, members that stand twice, an escape nobody needs. */
const EXACT = '{"n":12345678901234567890,"f":1.0,"d":1,"d":2, "s":"a\\u0041\\"}{,:"}';

test('what a program stored is shown as its JSON, and goes back as it was typed', () => {
  for (const json of [EXACT, 'null', '[1e0]', '-0']) {
    const draft = draftOf(json);
    assert.deepEqual([draft.text, draft.isJson], [json, true]);
    assert.equal(jsonOf(draft), json);
  }
  assert.throws(() => jsonOf({ ...draftOf('{}'), text: '{} {}' }), { code: 'not_json' });
});

test('text is shown as it is, and keeps the ends of its lines', () => {
  assert.deepEqual(draftOf('"a\\nb"'), { text: 'a\nb', isJson: false, lineEnd: '\n' });
  const windows = draftOf('"a\\r\\nb"');
  assert.equal(windows.text, 'a\nb');
  assert.equal(jsonOf({ ...windows, text: 'a\nb\nc' }), '"a\\r\\nb\\r\\nc"');
  for (const mixed of ['"a\\r\\nb\\nc"', '"a\\rb"']) assert.deepEqual([draftOf(mixed).text, draftOf(mixed).isJson], [mixed, true]);
});

test('the members of an object are cut out as they are written', () => {
  const members = rawMembers(` { "key" : "a\\"b" ,"va\\u006cue":${EXACT}, "none": null, "list":[1,{"value":2}] } `);
  assert.deepEqual([...members], [['key', '"a\\"b"'], ['value', EXACT], ['none', 'null'], ['list', '[1,{"value":2}]']]);
  assert.deepEqual([...rawMembers('{}')], []);
  assert.equal(rawObject({ key: '"a"', value: EXACT }), `{"key":"a","value":${EXACT}}`);
});

test('a value and its metadata are read and stored as they are', async () => {
  const metadata = '{"kind": "dose", "dose":1.0}';
  const rest = '"version":3,"etag":"\\"3\\"","updated_at":"2026-11-21T18:00:00Z"';
  let sent;
  globalThis.fetch = async (path, init) => {
    if (path === '/api/auth/csrf') return Response.json({ csrf_token: 'asked for' });
    if (init.method === 'POST') sent = init.body;
    return new Response(`{"key":"k","value":${EXACT},${rest},"metadata":${metadata}}`);
  };
  const note = await storage.get('k');
  assert.deepEqual([note.key, note.json, note.metadata, note.etag], ['k', EXACT, metadata, '"3"']);
  await storage.set({ ...note, json: jsonOf(draftOf(note.json)) }, note);
  assert.equal(sent, `{"key":"k","value":${EXACT},"metadata":${metadata}}`);
  await storage.set({ ...note, metadata: null }, 'any');
  assert.equal(sent, `{"key":"k","value":${EXACT}}`);
});

test('a list is read to its end, through pages that are empty', async () => {
  const pages = { null: { items: [1], next_cursor: 'a' }, a: { items: [], next_cursor: 'b' }, b: { items: [2], next_cursor: null } };
  const asked = [];
  const read = async (cursor) => {
    asked.push(cursor);
    return pages[cursor];
  };
  assert.deepEqual((await allPages(read)).flatMap((page) => page.items), [1, 2]);
  assert.deepEqual(asked, [null, 'a', 'b']);
});
