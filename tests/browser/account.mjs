// Walks through what guards an account that is open: sessions and devices in two browsers, API keys, addresses, and the
// proof that is asked for again where a session is weaker than its account.
import assert from 'node:assert/strict';

import { message } from './outbox.mjs';
import {
  PASSWORD,
  agree,
  allRead,
  open,
  openSecurity,
  registerByPassword,
  signInByPassword,
  signOut,
  wrong,
} from './sign-in.mjs';
import { AuthenticatorApp } from './totp.mjs';
import { newName, walk } from './walk.mjs';

const username = newName('cavell');
const email = `${username}@example.org`;
const STEP_UP = 'Confirm that it is you';

let baseUrl, owner, elsewhere, app;

await walk('account', async (world) => {
  baseUrl = world.baseUrl;
  owner = await world.person('owner');
  elsewhere = await world.person('elsewhere');
  for (const person of world.people) await person.authenticator.setPresent(false);
  return [
    ['an account begins with a password alone', register],
    ['a second browser is a second session and device', signInElsewhere],
    ['a session that is ended lands on the sign-in page', endSession],
    ['a device is renamed and forgotten, with its session', forgetDevice],
    ['an address is added and proved', addAddress],
    ['an API key is shown once, and does what it may', useKey],
    ['a key that is revoked is refused', revokeKey],
    ['a session on a trusted device shows the app’s code before it changes anything', stepUp],
    ['a step-up that is dismissed changes nothing', dismissStepUp],
    ['the app is turned off by its own code', turnOff],
    ['all other sessions end at once', endOthers],
  ];
});

async function register() {
  await open(owner);
  await registerByPassword(owner, username, PASSWORD);
  await owner.heading('Notes').waitFor();
  await openSecurity(owner);
  await owner.pictures.takeWhole('security');
}

async function signInElsewhere() {
  await open(elsewhere);
  await signInByPassword(elsewhere, username, PASSWORD);
  await elsewhere.heading('Notes').waitFor();
  await owner.page.reload();
  await allRead(owner);
  assert.equal(await owner.list('Your sessions').getByRole('listitem').count(), 2);
  assert.equal(await owner.list('Your devices').getByRole('listitem').count(), 2);
  await owner.list('Your sessions').getByText('This session', { exact: true }).waitFor();
}

async function endSession() {
  await owner.button('End the session on Chrome on Linux').click();
  await owner.text('Session ended').waitFor();
  assert.equal(await owner.list('Your sessions').getByRole('listitem').count(), 1);
  await landsOnSignIn();
  await elsewhere.pictures.takeAll('session-ended');
}

/** The other browser's next request is refused, and its page says so. */
async function landsOnSignIn() {
  elsewhere.faults.expect('401 GET /api/usage');
  await elsewhere.page.getByRole('link', { name: 'Usage', exact: true }).click();
  await elsewhere.text('Your session has ended. Sign in again to go on.').waitFor();
  await elsewhere.heading('Sign in').waitFor();
}

async function forgetDevice() {
  await signInByPassword(elsewhere, username, PASSWORD);
  await elsewhere.heading('Usage today').waitFor();
  await elsewhere.goTo('Security');
  const devices = elsewhere.list('Your devices');
  const current = devices.getByRole('listitem').filter({ hasText: 'This device' });
  await current.getByRole('button', { name: /^Rename / }).click();
  await elsewhere.field('Name of the device').fill('Ward computer');
  await elsewhere.field('Name of the device').press('Enter');
  await elsewhere.button('Rename Ward computer').waitFor();
  await elsewhere.goTo('Notes');

  await owner.page.reload();
  await owner.button('Forget Ward computer').click();
  await agree(owner, 'Forget this device?', 'Forget');
  await owner.text('Device forgotten').waitFor();
  await owner.button('Forget Ward computer').waitFor({ state: 'detached' });
  // What was read before stays shown; the section read anew is refused.
  elsewhere.faults.expect('401 GET /api/usage');
  await elsewhere.page.getByRole('link', { name: 'Usage', exact: true }).click();
  await elsewhere.text('Your session has ended.').waitFor();
}

async function addAddress() {
  owner.faults.expect('400 POST /api/auth/contacts/{id}/verify');
  const addresses = owner.card('Addresses');
  await addresses.getByRole('button', { name: 'Add', exact: true }).click();
  await owner.page.getByLabel('E-mail address').fill(email);
  await owner.button('Send the code').click();
  const dialog = owner.dialog('Verify your address');
  await dialog.waitFor();
  const seen = new Set();
  const first = await message(baseUrl, email, 'code', seen);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await owner.list('Your addresses').getByText('Not verified').waitFor();

  await owner.button(`Verify ${email}`).click();
  const second = await message(baseUrl, email, 'code', seen);
  assert.notEqual(second.id, first.id);
  await owner.field('Code').fill(wrong(second.code));
  await owner.button('Verify').click();
  await dialog.getByText('This code is not right').waitFor();
  await owner.pictures.takeAll('verify-address');
  await owner.field('Code').fill(second.code);
  await owner.button('Verify').click();
  await owner.list('Your addresses').getByText('Verified', { exact: true }).waitFor();
}

async function useKey() {
  await owner.button('New key').click();
  await owner.field('Name').fill('Night script');
  await owner.button('Make the key').click();
  await owner.text('Allow it at least one thing.').waitFor();
  await owner.field('storage:read').check();
  await owner.pictures.takeAll('new-key');
  await owner.button('Make the key').click();
  useKey.key = await owner.page.getByRole('textbox', { name: 'API key' }).innerText();
  assert.match(useKey.key, /^ward_/);
  await owner.pictures.take('key');
  await owner.button('I have stored it').click();
  await owner.list('Your API keys').getByText('Night script').waitFor();
  assert.ok(!(await owner.page.content()).includes(useKey.key), 'the key is not shown again');

  assert.equal(await statusWithKey('GET', '/api/storage/keys'), 200);
  assert.equal(await statusWithKey('POST', '/api/storage/set', { key: 'k', value: 1 }), 403);
  assert.equal(await statusWithKey('GET', '/api/auth/sessions'), 403);
  await owner.page.reload();
  await owner.list('Your API keys').getByText(/last used/).waitFor();
}

/** As a script would: no browser, no cookie. */
async function statusWithKey(method, path, body) {
  const headers = { Authorization: `Bearer ${useKey.key}`, 'Content-Type': 'application/json' };
  return (await fetch(`${baseUrl}${path}`, { method, headers, body: body && JSON.stringify(body) })).status;
}

async function revokeKey() {
  await owner.button('Revoke Night script').click();
  await agree(owner, 'Revoke this key?', 'Revoke');
  await owner.text('No API key.').waitFor();
  assert.equal(await statusWithKey('GET', '/api/storage/keys'), 401);
}

/** A trusted device signs in by the password alone: its session is weaker than the account, which has an app now. */
async function stepUp() {
  await owner.button('Set up: Authenticator app').click();
  app = new AuthenticatorApp(await owner.page.getByRole('textbox', { name: 'Key for the app' }).innerText());
  await owner.field('Code from the app').fill(await app.code());
  await owner.button('Turn on').click();
  await owner.button('I have stored them').click();

  await signInByPassword(elsewhere, username, PASSWORD);
  await elsewhere.heading('Second step').waitFor();
  await elsewhere.page.getByText('Trust this device for 30 days').click();
  await elsewhere.field('Code').fill(await app.code());
  await elsewhere.button('Sign in').click();
  await signOut(elsewhere);
  await signInByPassword(elsewhere, username, PASSWORD);
  await elsewhere.heading('Usage today').waitFor();
  await openSecurity(elsewhere);

  elsewhere.faults.expect('403 POST /api/auth/factors/backup-codes', '400 POST /api/auth/step-up');
  await elsewhere.button('New codes').click();
  await agree(elsewhere, 'Make new backup codes?', 'Make new codes');
  const dialog = elsewhere.dialog(STEP_UP);
  await dialog.waitFor();
  await elsewhere.pictures.takeAll('step-up');
  const code = await app.code();
  await elsewhere.field('Code').fill(wrong(code));
  await elsewhere.button('Confirm').click();
  await dialog.getByText('This code is not right').waitFor();
  await elsewhere.field('Code').fill(code);
  await elsewhere.button('Confirm').click();
  await elsewhere.dialog('Your backup codes').waitFor();
  await elsewhere.button('I have stored them').click();
}

async function dismissStepUp() {
  await signOut(elsewhere);
  await signInByPassword(elsewhere, username, PASSWORD);
  // New backup codes ended the trust of the device.
  await elsewhere.heading('Second step').waitFor();
  await elsewhere.page.getByText('Trust this device for 30 days').click();
  await elsewhere.field('Code').fill(await app.code());
  await elsewhere.button('Sign in').click();
  await signOut(elsewhere);
  await signInByPassword(elsewhere, username, PASSWORD);
  await elsewhere.heading('Security').waitFor();
  await elsewhere.button('Turn off: Authenticator app').click();
  elsewhere.faults.expect('403 DELETE /api/auth/factors/totp');
  await agree(elsewhere, 'Turn off “Authenticator app”?', 'Turn off');
  const dialog = elsewhere.dialog(STEP_UP);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await elsewhere.button('Turn off: Authenticator app').waitFor();
  assert.equal(await elsewhere.page.getByRole('alert').count(), 0, 'what someone dismissed themselves is not shown');
}

async function turnOff() {
  elsewhere.faults.expect('403 DELETE /api/auth/factors/totp');
  await elsewhere.button('Turn off: Authenticator app').click();
  await agree(elsewhere, 'Turn off “Authenticator app”?', 'Turn off');
  await elsewhere.field('Code').fill(await app.code());
  await elsewhere.button('Confirm').click();
  await elsewhere.text('Authenticator app turned off').waitFor();
  await elsewhere.button('Set up: Authenticator app').waitFor();
  assert.equal(await elsewhere.text('codes left').count(), 0, 'backup codes go with the last factor');
}

async function endOthers() {
  await elsewhere.button('End all others').click();
  await agree(elsewhere, 'End all other sessions?', 'End them');
  await elsewhere.text('All other sessions ended').waitFor();
  assert.equal(await elsewhere.list('Your sessions').getByRole('listitem').count(), 1);
  owner.faults.expect('401 GET /api/usage');
  await owner.page.getByRole('link', { name: 'Usage', exact: true }).click();
  await owner.heading('Sign in').waitFor();
}
