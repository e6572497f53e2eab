import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

const { advice } = await load('./src/identity/advice.ts');
const { deviceName } = await load('./src/identity/device-name.ts');
const { inOrder, stepUpMethods } = await load('./src/identity/factor-names.ts');
const { scopesFor } = await load('./src/identity/scopes.ts');
const { signedInBy } = await load('./src/identity/session-words.ts');

const on = { confirmed_at: '2026-11-21T18:00:00Z', last_used_at: null };
const bare = {
  totp: null,
  email: null,
  sms: null,
  backup_codes_left: 0,
  passkeys: 0,
  password: false,
  required: false,
};
const account = (changes) => ({ ...bare, ...changes });

test('a password steps up only where the account has nothing stronger', () => {
  assert.deepEqual(stepUpMethods(account({ password: true }), true), ['password']);
  assert.deepEqual(stepUpMethods(account({ password: true, passkeys: 1 }), true), ['passkey']);
  assert.deepEqual(stepUpMethods(account({ password: true, totp: on, backup_codes_left: 3 }), true), [
    'totp',
    'backup_code',
  ]);
  assert.deepEqual(stepUpMethods(account({}), true), []);
});

test('codes by e-mail step up only where the account has nothing stronger', () => {
  assert.deepEqual(stepUpMethods(account({ password: true, email: on, backup_codes_left: 1 }), true), [
    'email',
    'backup_code',
  ]);
  assert.deepEqual(stepUpMethods(account({ password: true, email: on, totp: on }), true), ['totp']);
  assert.deepEqual(stepUpMethods(account({ password: true, email: on, passkeys: 1 }), false), []);
});

test('a browser without passkeys is not offered one', () => {
  assert.deepEqual(stepUpMethods(account({ passkeys: 1, sms: on }), false), ['sms']);
});

test('methods are offered strongest first, whatever order the server names them in', () => {
  assert.deepEqual(inOrder(['sms', 'backup_code', 'totp', 'email']), ['totp', 'email', 'sms', 'backup_code']);
  assert.deepEqual(stepUpMethods(account({ sms: on, backup_codes_left: 1 }), true), ['sms', 'backup_code']);
});

test('a well guarded account is told nothing', () => {
  assert.deepEqual(advice(account({ passkeys: 2 })), []);
  assert.deepEqual(advice(account({ passkeys: 1, password: true, totp: on, backup_codes_left: 10 })), []);
});

test('a weak account is told what to do, the most urgent first', () => {
  assert.match(advice(account({ password: true, required: true }))[0], /^Your role needs/);
  assert.match(advice(account({ password: true, passkeys: 1 }))[0], /^Your password alone/);
  assert.match(advice(account({ passkeys: 1 }))[0], /^One passkey is your only way in/);
  assert.match(advice(account({ passkeys: 2, totp: on, backup_codes_left: 3 }))[0], /^3 backup codes left/);
  assert.match(advice(account({ passkeys: 2, totp: on }))[0], /^You have no backup codes/);
});

test('a passkey’s first name is its browser and system', () => {
  const chrome =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36';
  const safari =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/15E148 Safari/604.1';
  assert.equal(deviceName(chrome), 'Chrome on Windows');
  assert.equal(deviceName(`${chrome} Edg/142.0`), 'Edge on Windows');
  assert.equal(deviceName(safari), 'Safari on iPhone');
  assert.equal(
    deviceName('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'),
    'Firefox on Linux',
  );
  assert.equal(deviceName('curl/8'), 'This device');
});

test('how a session was opened is said in words, each once', () => {
  assert.equal(signedInBy(['hwk', 'user', 'mfa']), 'passkey');
  assert.equal(signedInBy(['pwd', 'otp', 'mfa']), 'password and app code');
  assert.equal(signedInBy(['swk', 'hwk']), 'passkey');
  assert.equal(signedInBy(['telepathy']), 'telepathy');
  assert.equal(signedInBy([]), '');
});

test('a key is offered no more than its maker may do', () => {
  assert.ok(scopesFor('user').includes('storage:read'));
  assert.ok(!scopesFor('user').some((scope) => scope.startsWith('users:') || scope === 'operators:write'));
  assert.deepEqual(scopesFor('admin').slice(-3), ['users:read', 'users:write', 'operators:write']);
});
