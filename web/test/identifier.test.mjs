import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

const { identifier, identifierKind, lacksCountryCode, phoneNumber } = await load('./src/identity/identifier.ts');

test('what has an @ between two parts is an e-mail address', () => {
  assert.deepEqual(identifier(' florence@st-thomas.example '), { email: 'florence@st-thomas.example' });
  assert.equal(identifierKind('a@b'), 'email');
  for (const name of ['@florence', 'florence@', 'flo rence@st-thomas.example', '@']) {
    assert.equal(identifierKind(name), 'username', name);
  }
});

test('a number with its country is a phone number, however it is written', () => {
  for (const written of [
    '+442079460123',
    '+44 20 7946-0123',
    '+44.20.7946.0123',
    '0044 20 7946 0123',
    ' +44 (20) 79460123',
  ]) {
    assert.deepEqual(identifier(written), { phone: '+442079460123' }, written);
  }
});

test('a number without its country is a username', () => {
  assert.deepEqual(identifier('020 7946 0123'), { username: '020 7946 0123' });
  assert.equal(identifierKind('1820'), 'username');
  assert.equal(lacksCountryCode('020 7946 0123'), true);
  assert.equal(lacksCountryCode('+44 20 7946 0123'), false);
  assert.equal(lacksCountryCode('nightingale-1820'), false);
});

test('a phone number has seven to fifteen digits and a country that does not begin with zero', () => {
  assert.equal(phoneNumber('+1234567'), '+1234567');
  assert.equal(phoneNumber('+123456'), null);
  assert.equal(phoneNumber('+123456789012345'), '+123456789012345');
  assert.equal(phoneNumber('+1234567890123456'), null);
  assert.equal(phoneNumber('+0442079460123'), null);
  assert.equal(phoneNumber('+44 20 7946 0123 ext. 7'), null);
});

test('anything else is a username, without the spaces around it', () => {
  assert.deepEqual(identifier('  florence  '), { username: 'florence' });
  assert.deepEqual(identifier('+florence'), { username: '+florence' });
});
