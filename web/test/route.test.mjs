import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

/** Where a page of that setting goes to sign in with GitHub. */
async function leavesFor(apiUrl) {
  const left = [];
  const location = { hash: '', pathname: '/', assign: (url) => left.push(url) };
  globalThis.sessionStorage = { getItem: () => null, removeItem: () => undefined };
  globalThis.window = { location, addEventListener: () => undefined, history: { replaceState: () => undefined } };
  (await load('./src/route.ts', { apiUrl })).signInAtGithub();
  return left;
}

test('GitHub’s sign-in begins at the API, whose cookie remembers it', async () => {
  assert.deepEqual(await leavesFor(''), ['/api/auth/github?return_to=%2F']);
  assert.deepEqual(await leavesFor('https://api.app.example'), ['https://api.app.example/api/auth/github?return_to=%2F']);
});
