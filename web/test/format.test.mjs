import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

const { ago, bytes, count, dollars, plural, until } = await load('./src/format.ts');

test('money shows cents from a dollar up and three significant digits below', () => {
  assert.equal(dollars(0), '$0.00');
  assert.equal(dollars(1), '$0.000000001');
  assert.equal(dollars(318_412), '$0.000318');
  assert.equal(dollars(69_000), '$0.000069');
  assert.equal(dollars(500_000_000), '$0.50');
  assert.equal(dollars(123_456_789), '$0.123');
  assert.equal(dollars(999_999_999), '$1.00');
  assert.equal(dollars(1_234_567_890_000), '$1,234.57');
});

test('counts are grouped and agree with their noun', () => {
  assert.equal(count(200_000), '200,000');
  assert.equal(plural(1, 'token'), '1 token');
  assert.equal(plural(1_200, 'token'), '1,200 tokens');
});

test('the time left is rounded up to a minute and never zero', () => {
  const now = new Date('2026-11-21T18:30:01Z');
  assert.equal(until('2026-11-22T00:00:00Z', now), '5 h 30 min');
  assert.equal(until('2026-11-21T18:31:00Z', now), '1 min');
  assert.equal(until('2026-11-21T18:00:00Z', now), '1 min');
});

test('how long ago is said in the one unit that tells most', () => {
  const now = new Date('2026-11-21T18:30:00Z');
  assert.equal(ago('2026-11-21T18:29:30Z', now), 'just now');
  assert.equal(ago('2026-11-21T18:00:00Z', now), '30 minutes ago');
  assert.equal(ago('2026-11-21T13:00:00Z', now), '5 hours ago');
  assert.equal(ago('2026-11-20T18:00:00Z', now), 'yesterday');
  assert.match(ago('2026-08-01T00:00:00Z', now), /^on /);
});

test('bytes are told in the unit that fits', () => {
  assert.equal(bytes(0), '0 bytes');
  assert.equal(bytes(999), '999 bytes');
  assert.equal(bytes(1_500), '1.5 kB');
  assert.equal(bytes(4_194_304), '4.2 MB');
  assert.equal(bytes(73_400_320), '73 MB');
  assert.equal(bytes(1_073_741_824), '1.1 GB');
});
