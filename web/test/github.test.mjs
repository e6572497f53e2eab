import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

const { githubProblem } = await load('./src/identity/github-problem.ts');

/** The codes the server's own description names. */
async function codes() {
  const { paths } = JSON.parse(await readFile(new URL('../../openapi/ward.json', import.meta.url), 'utf8'));
  const { description } = paths['/api/auth/github/callback'].get;
  const named = description.slice(description.indexOf('and a code:')).matchAll(/`([a-z_]+)`/g);
  return [...named].map(([, code]) => code);
}

test('each code the server sends is told in words of its own, wherever it comes', async () => {
  const known = await codes();
  assert.ok(known.includes('github_taken') && known.includes('internal'), known.join());
  for (const code of known) {
    const { title, detail } = githubProblem({ place: 'sign-in', code });
    assert.ok(!detail.includes(code), `${code} has no words`);
    assert.match(detail, /\b(try|begin|use|sign in|ask|open|choose|wait)\b/i, `${code} does not say what to do`);
    assert.ok(title.length < 70, title);
  }
});

test('another GitHub account means one thing to who signs in and another to who connects', () => {
  const at = (place) => githubProblem({ place, code: 'github_other_account' });
  assert.match(at('sign-in').title, /^Your account is connected/);
  assert.match(at('security').detail, /^Disconnect that one first/);
});

test('a code the page does not know is told with it', () => {
  const { title, detail } = githubProblem({ place: 'security', code: 'brand_new' });
  assert.equal(title, 'GitHub was not connected');
  assert.match(detail, /\(brand_new\)$/);
});
