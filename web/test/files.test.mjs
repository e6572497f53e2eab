import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

const { Problem, named, storeAll } = await load('./testing/modules.ts');

const REFUSED = new Problem(415, 'file_type_mismatch', 'The file is not what it says it is', 'Name it as it is.');
const files = ['a', 'b', 'c', 'd'].map((name) => ({ name }));

/** Stores the files, and tells which were tried and what was refused. */
async function run(faults) {
  const tried = [];
  const refusals = await storeAll(files, async ({ name }) => {
    tried.push(name);
    if (faults[name]) throw faults[name];
  });
  return { tried: tried.join(''), told: refusals.map((refusal) => named(refusal).title) };
}

test('a file that is refused keeps no other back, and is named', async () => {
  assert.deepEqual(await run({}), { tried: 'abcd', told: [] });
  const { tried, told } = await run({ a: REFUSED, b: new Problem(413, 'file_too_large', 'Too large'), d: REFUSED });
  assert.equal(tried, 'abcd');
  assert.deepEqual(told, ['“a”, “d”: The file is not what it says it is', '“b”: Too large']);
});

test('what concerns every file is told once, and the rest is not tried', async () => {
  for (const status of [0, 401, 429]) {
    const { tried, told } = await run({ b: new Problem(status, 'over', 'It is over') });
    assert.deepEqual([tried, told], ['ab', ['“b”, “c”, “d”: It is over']]);
  }
});

test('a named refusal says what else there is to say', () => {
  const { status, code, detail } = named({ names: ['a'], problem: REFUSED });
  assert.deepEqual([status, code, detail], [415, 'file_type_mismatch', 'Name it as it is.']);
});
