// Walks through codes by text message: a phone number proved, a second factor made of it, the code asked for at sign-in,
// and the proof that is asked for before it is turned off.
import assert from 'node:assert/strict';

import { message } from './outbox.mjs';
import {
  PASSWORD,
  agree,
  open,
  openSecurity,
  registerByPassword,
  signInByPassword,
  signOut,
  wrong,
} from './sign-in.mjs';
import { newName, walk } from './walk.mjs';

const SMS = 'Code by text message';
const username = newName('nightingale');
/** Nobody had it in an earlier walk. */
const phone = `+4479${String(Date.now() % 100_000_000).padStart(8, '0')}`;
const seen = new Set();

let baseUrl, owner;

await walk('sms', async (world) => {
  baseUrl = world.baseUrl;
  owner = await world.person('owner');
  await owner.authenticator.setPresent(false);
  return [
    ['a number without its country is not taken', refuseNumber],
    ['a text message proves the number', addNumber],
    ['codes by text message are turned on, with backup codes beside them', turnOn],
    ['a code is asked for at sign-in, and an older one does not count', signIn],
    ['a trusted device shows a code before it turns them off', turnOff],
    ['without a second factor the number and the password sign in', signInByNumber],
  ];
});

async function refuseNumber() {
  await open(owner);
  await registerByPassword(owner, username, PASSWORD);
  await owner.heading('Notes').waitFor();
  await openSecurity(owner);
  await owner.text('Verify a phone number below first.').waitFor();
  assert.ok(await owner.button(`Set up: ${SMS}`).isDisabled());
  await owner.card('Addresses').getByRole('button', { name: 'Add', exact: true }).click();
  await owner.text('Phone').last().click();
  await owner.page.getByLabel('Phone number').fill('020 7946 0000');
  await owner.button('Send the code').click();
  await owner.text('Write the number with its country code').waitFor();
  await owner.pictures.takeAll('number-without-country');
}

async function addNumber() {
  owner.faults.expect('400 POST /api/auth/contacts/{id}/verify');
  await owner.page.getByLabel('Phone number').fill(`${phone.slice(0, 3)} ${phone.slice(3, 7)} ${phone.slice(7)}`);
  await owner.button('Send the code').click();
  const dialog = owner.dialog('Verify your address');
  await dialog.waitFor();
  const { code, channel } = await message(baseUrl, phone, 'code', seen);
  assert.equal(channel, 'sms');
  await owner.field('Code').fill(wrong(code));
  await owner.button('Verify').click();
  await dialog.getByText('This code is not right').waitFor();
  await owner.field('Code').fill(code);
  await owner.button('Verify').click();
  await owner.list('Your addresses').getByText('Verified', { exact: true }).waitFor();
}

async function turnOn() {
  await owner.button(`Set up: ${SMS}`).click();
  await owner.dialog('Your backup codes').waitFor();
  await owner.button('I have stored them').click();
  await owner.button(`Turn off: ${SMS}`).waitFor();
  await owner.text('10 codes left').waitFor();
}

async function signIn() {
  await signOut(owner);
  await signInByPassword(owner, username, PASSWORD);
  await owner.heading('Second step').waitFor();
  await owner.text('We send a code to your phone.').waitFor();
  await owner.pictures.takeAll('unsent');
  await owner.button('Send the code').click();
  const ending = phone.slice(-2);
  await owner.page.getByRole('status').filter({ hasText: ending }).waitFor();
  assert.ok(!(await owner.page.content()).includes(phone), 'the password alone does not tell the number');
  const first = await message(baseUrl, phone, 'code', seen);
  await owner.pictures.takeAll('sent');
  await owner.button('Send another code').click();
  const second = await message(baseUrl, phone, 'code', seen);
  owner.faults.expect('400 POST /api/auth/second-factor');
  await owner.field('Code').fill(first.code === second.code ? wrong(second.code) : first.code);
  await owner.button('Sign in').click();
  await owner.text('This code is not right').waitFor();
  await owner.page.getByText('Trust this device for 30 days').click();
  await owner.field('Code').fill(second.code);
  await owner.button('Sign in').click();
  await owner.heading('Security').waitFor();
}

async function turnOff() {
  await signOut(owner);
  await signInByPassword(owner, username, PASSWORD);
  await owner.heading('Security').waitFor();
  owner.faults.expect('403 DELETE /api/auth/factors/sms');
  await owner.button(`Turn off: ${SMS}`).click();
  await agree(owner, `Turn off “${SMS}”?`, 'Turn off');
  const dialog = owner.dialog('Confirm that it is you');
  await dialog.getByRole('button', { name: 'Send the code', exact: true }).click();
  const { code } = await message(baseUrl, phone, 'code', seen);
  await owner.pictures.takeAll('step-up');
  await owner.field('Code').fill(code);
  await owner.button('Confirm').click();
  await owner.text(`${SMS} turned off`).waitFor();
  await owner.button(`Set up: ${SMS}`).waitFor();
}

async function signInByNumber() {
  await signOut(owner);
  await signInByPassword(owner, phone, PASSWORD);
  await owner.heading('Security').waitFor();
}
