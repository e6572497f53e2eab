// Walks through everything a password does: an account with a proved address, wrong and new passwords, the authenticator
// app and backup codes behind it, a trusted device, and the way back in by e-mail.
import assert from 'node:assert/strict';

import { message } from './outbox.mjs';
import { PASSWORD, open, openSecurity, registerByPassword, signInByPassword, signOut, wrong } from './sign-in.mjs';
import { AuthenticatorApp } from './totp.mjs';
import { newName, walk } from './walk.mjs';

const username = newName('barton');
const email = `${username}@example.org`;
const CHANGED = 'quiet harbour 83 thistle oboe';
const RECOVERED = 'amber glacier 19 saddle plum';
const seen = new Set();

let baseUrl, world, owner, app;
let backupCodes = [];

await walk('passwords', async (opened) => {
  world = opened;
  baseUrl = world.baseUrl;
  owner = await world.person('owner');
  // Nothing here is by passkey: a present authenticator would answer the sign-in screen's offers.
  await owner.authenticator.setPresent(false);
  return [
    ['a form that is not filled in asks nothing of the server', refuseEmptyForm],
    ['a weak password is refused with advice', refuseWeakPassword],
    ['a code proves the address and makes the account', register],
    ['a wrong password is refused, the right one signs in', signInAgain],
    ['the password is changed, with the old one only', changePassword],
    ['an authenticator app is set up, and backup codes are shown once', enrolApp],
    ['a code follows the password', signInWithCode],
    ['a trusted device is asked for none', signInOnTrustedDevice],
    ['a new device uses a backup code, and its owner hears of it', signInElsewhere],
    ['a link by e-mail gets back in, with a code', recover],
    ['the new password signs in, the link is used up', afterRecovery],
    ['a link by e-mail makes a passkey as well, which signs in at once', recoverByPasskey],
  ];
});

async function refuseEmptyForm() {
  await open(owner);
  const before = owner.requests.length;
  await owner.button('Sign in').click();
  await owner.text('Type your password.').waitFor();
  await registerByPassword(owner, '', 'short', 'not an address');
  await owner.text('Choose a username.').waitFor();
  await owner.text('Use at least 15 characters; these are 5.').waitFor();
  await owner.text('Write the whole address, as in name@example.org.').waitFor();
  assert.deepEqual(owner.requests.slice(before), []);
  await owner.pictures.takeAll('register-with-faults');
  const password = owner.field('Password');
  assert.equal(await password.getAttribute('type'), 'password');
  assert.equal(await password.getAttribute('autocomplete'), 'new-password');
  const paste = (input) => input.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true }));
  assert.ok(await password.evaluate(paste), 'nothing keeps a paste away');
}

async function refuseWeakPassword() {
  owner.faults.expect('400 POST /api/auth/register');
  await owner.field('Username').fill(username);
  await owner.field('Password').fill('passwordpassword');
  await owner.page.getByLabel('E-mail address').fill(email);
  await owner.button('Create account').click();
  await owner.page.getByRole('alert').filter({ hasText: 'The password is too easy to guess.' }).waitFor();
}

async function register() {
  owner.faults.expect('400 POST /api/auth/register/verify');
  await owner.field('Password').fill(PASSWORD);
  await owner.button('Create account').click();
  await owner.heading('Check your messages').waitFor();
  const { code } = await message(baseUrl, email, 'code', seen);
  await owner.field('Code').fill(wrong(code));
  await owner.button('Finish').click();
  await owner.text('This code is not right').waitFor();
  await owner.pictures.takeAll('verify');
  await owner.field('Code').fill(code);
  await owner.button('Finish').click();
  await owner.heading('Notes').waitFor();
}

async function signInAgain() {
  owner.faults.expect('401 POST /api/auth/login');
  await signOut(owner);
  await signInByPassword(owner, email, 'not the password at all');
  await owner.text('This name and password do not fit').waitFor();
  await owner.pictures.takeAll('wrong-password');
  await owner.field('Password').fill(PASSWORD);
  await owner.button('Sign in').click();
  await owner.heading('Notes').waitFor();
}

async function changePassword() {
  owner.faults.expect('400 PUT /api/auth/password');
  await openSecurity(owner);
  await owner.text('Your password alone opens the account.').waitFor();
  await owner.list('Your addresses').getByText('Verified', { exact: true }).waitFor();
  await owner.button('Change').click();
  await owner.field('Current password').fill('not the password at all');
  await owner.field('New password').fill(CHANGED);
  await owner.button('Save').click();
  const dialog = owner.dialog('Change your password');
  await dialog.getByText('The current password is not right.').waitFor();
  assert.equal(await owner.field('Current password').getAttribute('aria-invalid'), 'true');
  await owner.pictures.takeAll('change-password');
  await owner.field('Current password').fill(PASSWORD);
  await owner.button('Save').click();
  await owner.text('Password changed').waitFor();
}

async function enrolApp() {
  owner.faults.expect('400 POST /api/auth/factors/totp/confirm');
  await owner.button('Set up: Authenticator app').click();
  const secret = await owner.page.getByRole('textbox', { name: 'Key for the app' }).innerText();
  app = new AuthenticatorApp(secret);
  await owner.pictures.takeAll('authenticator-app');
  const code = await app.code();
  await owner.field('Code from the app').fill(wrong(code));
  await owner.button('Turn on').click();
  await owner.text('This code is not right').waitFor();
  await owner.field('Code from the app').fill(code);
  await owner.button('Turn on').click();

  const codes = owner.dialog('Your backup codes');
  await codes.waitFor();
  backupCodes = await codes.getByRole('list', { name: 'Backup codes' }).getByRole('listitem').allInnerTexts();
  assert.equal(new Set(backupCodes).size, 10);
  await owner.pictures.takeAll('backup-codes');
  await owner.button('I have stored them').click();
  await owner.text('10 codes left').waitFor();
  // The session has a new cookie by now: what changes something goes on working.
  await owner.page.reload();
  await owner.text('10 codes left').waitFor();
  assert.ok(!(await owner.page.content()).includes(backupCodes[0]), 'backup codes are not shown again');
}

async function signInWithCode() {
  owner.faults.expect('400 POST /api/auth/second-factor');
  await signOut(owner);
  await signInByPassword(owner, username, CHANGED);
  await owner.heading('Second step').waitFor();
  await owner.pictures.takeAll('second-step');
  const code = await app.code();
  await owner.field('Code').fill(wrong(code));
  await owner.button('Sign in').click();
  await owner.text('This code is not right').waitFor();
  await owner.page.getByText('Trust this device for 30 days').click();
  await owner.field('Code').fill(code);
  await owner.button('Sign in').click();
  await owner.heading('Security').waitFor();
  await owner.list('Your devices').getByText(/^Trusted until /).waitFor();
}

async function signInOnTrustedDevice() {
  await signOut(owner);
  await signInByPassword(owner, username, CHANGED);
  await owner.heading('Security').waitFor();
}

async function signInElsewhere() {
  const elsewhere = await world.person('elsewhere');
  await elsewhere.authenticator.setPresent(false);
  await open(elsewhere);
  await signInByPassword(elsewhere, username, CHANGED);
  await elsewhere.heading('Second step').waitFor();
  await elsewhere.button('Backup code').click();
  await elsewhere.field('Backup code').fill(backupCodes[0]);
  await elsewhere.button('Sign in').click();
  await elsewhere.heading('Notes').waitFor();
  await openSecurity(elsewhere);
  await elsewhere.text('9 codes left').waitFor();
  const notice = await message(baseUrl, email, 'new_device', seen);
  assert.match(notice.text, /Chrome on Linux/);
}

/** Asks for a link from the sign-in screen, and opens it. */
async function openRecovery(person) {
  await person.button('Forgot password?').click();
  await person.page.getByLabel('E-mail address').fill(email);
  await person.button('Send the link').click();
  await person.text('Look into your mail.').waitFor();
  const { link } = await message(baseUrl, email, 'recovery', seen);
  await person.page.goto(link);
  await person.heading('Get back in').waitFor();
  return link;
}

async function recover() {
  await signOut(owner);
  recover.link = await openRecovery(owner);
  assert.ok(!owner.page.url().includes('token'), 'the token leaves the address');
  await owner.text('With a password').click();
  await owner.field('New password').fill(RECOVERED);
  await owner.pictures.takeAll('recovery');
  await owner.button('Set password').click();
  await owner.heading('Second step').waitFor();
  await owner.pictures.take('recovery-second-step');
  await owner.field('Code').fill(await app.code());
  await owner.button('Set the password').click();
  await owner.text('Your password is set. Sign in with it.').waitFor();
}

async function afterRecovery() {
  const [, elsewhere] = world.people;
  elsewhere.faults.expect('401 GET /api/usage');
  await elsewhere.page.getByRole('link', { name: 'Usage', exact: true }).click();
  await elsewhere.text('Your session has ended.').waitFor();

  await signInByPassword(owner, username, RECOVERED);
  // Whether the device is still trusted is not this step's matter.
  const next = owner.heading('Second step').or(owner.button('Sign out'));
  await next.waitFor();
  if (await owner.heading('Second step').isVisible()) {
    await owner.button('Backup code').click();
    await owner.field('Backup code').fill(backupCodes[1]);
    await owner.button('Sign in').click();
  }
  await owner.button('Sign out').waitFor();

  owner.faults.expect('400 POST /api/auth/recovery/complete');
  await signOut(owner);
  await owner.page.goto(recover.link);
  await owner.text('With a password').click();
  await owner.field('New password').fill('yet another 27 pebble choir');
  await owner.button('Set password').click();
  await owner.text('This link does not work any more').waitFor();
}

async function recoverByPasskey() {
  const [, elsewhere] = world.people;
  await openRecovery(elsewhere);
  await elsewhere.authenticator.setPresent(true);
  await elsewhere.button('Create passkey').click();
  await elsewhere.heading('Second step').waitFor();
  assert.equal((await elsewhere.authenticator.passkeys()).length, 1);
  await elsewhere.button('Backup code').click();
  await elsewhere.field('Backup code').fill(backupCodes[2]);
  await elsewhere.button('Set the passkey').click();
  await elsewhere.text('Your passkey is set. Sign in with it.').waitFor();
  await elsewhere.button('Sign in with a passkey').click();
  await elsewhere.button('Sign out').waitFor();
  await openSecurity(elsewhere);
  assert.equal(await elsewhere.list('Your passkeys').getByRole('listitem').count(), 1);
}
