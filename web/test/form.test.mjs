import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

const { Problem, fieldOf, fieldText } = await load('./testing/modules.ts');
const { problemLines } = await load('./src/forms/problem-lines.ts');
const { passwordFault, usernameFault } = await load('./src/identity/new-account.ts');
const refused = (code, status = 400) => new Problem(status, code, 'Refused');

test('a problem stands next to the field its code names', () => {
  const fields = ['username', 'display_name', 'name', 'password', 'current_password'];
  assert.equal(fieldOf(refused('username_taken', 409), fields), 'username');
  assert.equal(fieldOf(refused('invalid_username'), fields), 'username');
  assert.equal(fieldOf(refused('invalid_display_name'), fields), 'display_name');
  assert.equal(fieldOf(refused('invalid_current_password'), fields), 'current_password');
  assert.equal(fieldOf(refused('password_reused'), fields), 'password');
});

test('a problem that names no field is about the whole form', () => {
  assert.equal(fieldOf(refused('credentials_invalid', 401), ['username', 'password']), null);
  assert.equal(fieldOf(refused('passwordless_only'), ['password']), null);
  assert.equal(fieldOf(null, ['password']), null);
});

test('a form may say which field a code is about', () => {
  const named = { credentials_invalid: 'current_password' };
  assert.equal(fieldOf(refused('credentials_invalid', 401), ['current_password'], named), 'current_password');
});

test('limits and faults of the server are never a field’s', () => {
  for (const status of [0, 429, 500, 503]) assert.equal(fieldOf(refused('code_busy', status), ['code']), null);
});

test('next to the field stands what is wrong and what to do', () => {
  assert.equal(fieldText(new Problem(400, 'x', 'Too short', 'Use 15 characters.')), 'Too short. Use 15 characters.');
  assert.equal(fieldText(new Problem(400, 'x', 'Too short.')), 'Too short.');
});

test('a new username can’t be taken for an address at sign-in', () => {
  assert.equal(usernameFault('florence'), null);
  for (const name of ['', '  ', 'florence@st-thomas.example', '+44 20 7946 0123']) assert.ok(usernameFault(name), name);
});

test('a password’s length is counted in characters, not in units of UTF-16', () => {
  assert.equal(passwordFault('😀'.repeat(15), 15), null);
  assert.match(passwordFault('😀'.repeat(14), 15), /these are 14/);
  assert.ok(passwordFault('', 0));
});

test('when to try again is said once, in units people think in', () => {
  const lines = (detail, retryAfter) => problemLines(new Problem(429, 'x', 'Too many', detail, retryAfter));
  assert.deepEqual(lines(null, null), []);
  assert.deepEqual(lines('Wait a little.', null), ['Wait a little.']);
  assert.deepEqual(lines(null, 30), ['Try again in 30 s.']);
  assert.deepEqual(lines('Wait a little.', 7200), ['Wait a little.', 'Try again in 2 h.']);
  assert.deepEqual(lines('Try again in 798 seconds, or use a passkey.', 798), ['Try again in 14 min, or use a passkey.']);
});
