import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

const { readError, readLink } = await load('./src/identity/links.ts');

test('a recovery link and an invitation give their token', () => {
  assert.deepEqual(readLink('#/recover?token=aB3_-.~'), { purpose: 'recover', token: 'aB3_-.~' });
  assert.deepEqual(readLink('#/invitation?token=x%2By'), { purpose: 'invitation', token: 'x+y' });
  assert.deepEqual(readLink('#recover?token=x'), { purpose: 'recover', token: 'x' });
});

test('a link that lost its token is still a link', () => {
  for (const cut of ['#/recover', '#/recover?', '#/recover?token', '#/recover?token=', '#/recover?tok=abc']) {
    assert.deepEqual(readLink(cut), { purpose: 'recover', token: null }, cut);
  }
});

test('what is too long for a token is none', () => {
  assert.equal(readLink(`#/recover?token=${'a'.repeat(2048)}`).token.length, 2048);
  assert.equal(readLink(`#/recover?token=${'a'.repeat(2049)}`).token, null);
});

test('sections and unknown paths are no links', () => {
  for (const fragment of ['', '#', '#/', '#/security', '#security', '#/recovery?token=x', '#/notes?token=x']) {
    assert.equal(readLink(fragment), null, fragment);
  }
});

test('the second step after GitHub gives its challenge and the methods the page knows', () => {
  const fragment = '#/second-factor?challenge=c1&methods=totp,retina,email&expires_at=2026-11-21T18:00:00Z';
  assert.deepEqual(readLink(fragment), {
    purpose: 'second-factor',
    challenge: { challenge: 'c1', methods: ['totp', 'email'], expires_at: '2026-11-21T18:00:00Z' },
  });
});

test('a second step that can not be taken is no link', () => {
  const end = '&expires_at=2026-11-21T18:00:00Z';
  for (const query of [
    `methods=totp${end}`,
    `challenge=c${end}`,
    `challenge=c&methods=retina${end}`,
    'challenge=c&methods=totp',
  ]) {
    assert.equal(readLink(`#/second-factor?${query}`), null, query);
  }
});

test('an error says what was tried and its code', () => {
  assert.deepEqual(readError('#/sign-in?error=access_denied'), { place: 'sign-in', code: 'access_denied' });
  assert.deepEqual(readError('#/security?error=github_taken'), { place: 'security', code: 'github_taken' });
  assert.equal(readLink('#/sign-in?error=access_denied'), null);
});

test('what is elsewhere or does not look like a code is no error', () => {
  for (const fragment of ['', '#/sign-in', '#/security', '#/sign-in?error', '#/notes?error=access_denied'])
    assert.equal(readError(fragment), null, fragment);
  for (const text of ['Call+0800', '', '%3Cb%3E', 'a'.repeat(65)])
    assert.equal(readError(`#/sign-in?error=${text}`), null, text);
});
