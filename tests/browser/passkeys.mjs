// Walks through everything a passkey does: the first account, a second passkey, names, deletion behind a step-up, the
// last way in, sign-in by button and by autofill, and what the browser is told of it all (the Signal API).
import assert from 'node:assert/strict';

import { strangePasskey } from './authenticator.mjs';
import {
  PASSWORD,
  agree,
  open,
  openSecurity,
  registerByPasskey,
  registerByPassword,
  signInByPassword,
  signOut,
} from './sign-in.mjs';
import { newName, walk } from './walk.mjs';

const username = newName('seacole');
const DELETE = 'Delete this passkey?';

let owner, phone, key;

await walk('passkeys', async (world) => {
  owner = await world.person('owner');
  phone = owner.authenticator;
  return [
    ['a passkey makes an account', makeAccount],
    ['the last way to sign in stays', keepLastWay],
    ['an authenticator that has a passkey makes no other', refuseSecondOnSame],
    ['another authenticator adds one, which is named at once', addSecond],
    ['a passkey is renamed', rename],
    ['a password alone deletes no passkey', deleteAfterStepUp],
    ['the button signs in', signInByButton],
    ['autofill signs in', signInByAutofill],
    ['a sign-in gives the browser the current name', refreshName],
    ['a passkey nobody has is refused and forgotten', forgetStrange],
    ['a passkey added after a password ends the weaker session', async () => addToPassword(await world.person('late'))],
  ];
});

function passkeys() {
  return owner.list('Your passkeys').getByRole('listitem');
}

async function makeAccount() {
  await open(owner);
  await registerByPasskey(owner, username, 'Mary');
  await openSecurity(owner);
  assert.equal(await passkeys().count(), 1);
  await owner.text('One passkey is your only way in.').waitFor();
  await owner.pictures.takeAll('security');
  await owner.pictures.takeWhole('security');
}

async function keepLastWay() {
  owner.faults.expect('409 DELETE /api/auth/passkeys/{id}');
  await owner.button('Delete Passkey').click();
  await agree(owner, DELETE, 'Delete');
  await owner.card('Passkeys').getByText('This is the last way to sign in to this account').waitFor();
  assert.equal(await passkeys().count(), 1);
  assert.equal((await phone.passkeys()).length, 1);
  await owner.pictures.take('last-way');
}

async function refuseSecondOnSame() {
  await owner.button('Add a passkey').click();
  await owner.text('This device already has a passkey here').waitFor();
  assert.equal((await phone.passkeys()).length, 1);
}

async function addSecond() {
  key = await owner.addSecurityKey();
  await phone.setPresent(false);
  await owner.button('Add a passkey').click();
  const name = owner.field('Name of the passkey');
  await name.fill('Blue key');
  await owner.pictures.take('naming-a-passkey');
  await name.press('Enter');
  await owner.list('Your passkeys').getByText('Blue key').waitFor();
  assert.equal((await key.passkeys()).length, 1);
  assert.equal(await passkeys().count(), 2);
}

async function rename() {
  await owner.button('Rename Passkey').click();
  const name = owner.field('Name of the passkey');
  await name.fill('');
  await name.press('Enter');
  await owner.text('Give it a name.').waitFor();
  await name.fill('Old phone');
  await name.press('Enter');
  await owner.button('Rename Old phone').waitFor();
  await owner.page.reload();
  await owner.button('Rename Old phone').waitFor();
}

/** A session that a password opened is weaker than the account can do: it has to be shown again who asks. */
async function deleteAfterStepUp() {
  await owner.button('Set a password').click();
  await owner.field('New password').fill(PASSWORD);
  await owner.button('Save').click();
  await owner.text('Password set').waitFor();
  await key.setPresent(false);
  await signOut(owner);
  await signInByPassword(owner, username, PASSWORD);
  await owner.heading('Security').waitFor();

  owner.faults.expect('403 DELETE /api/auth/passkeys/{id}');
  await owner.button('Delete Blue key').click();
  await agree(owner, DELETE, 'Delete');
  const stepUp = owner.dialog('Confirm that it is you');
  await owner.pictures.takeAll('step-up');
  await phone.setPresent(true);
  await stepUp.getByRole('button', { name: 'Use a passkey', exact: true }).click();
  await owner.text('Passkey deleted').waitFor();
  assert.equal(await passkeys().count(), 1);
  await key.until((held) => held.length === 0, 'the browser was not told to forget the deleted passkey');
  assert.equal((await phone.passkeys()).length, 1, 'the other passkey is kept');
}

async function signInByButton() {
  await signOut(owner);
  await owner.button('Sign in with a passkey').click();
  await owner.heading('Security').waitFor();
  assert.equal(await owner.statusOfMe(), 200);
}

async function signInByAutofill() {
  await phone.setPresent(false);
  await signOut(owner);
  const offered = owner.page.waitForResponse((response) => response.url().endsWith('/authentication/options'));
  await owner.page.getByLabel('Username, e-mail or phone').focus();
  await offered;
  assert.equal(await owner.statusOfMe(), 401, 'an offer nobody picked signs nobody in');
  await phone.setPresent(true);
  // The ignored offer stays unanswered; a fresh page makes a new one, and this time the passkey is picked.
  await owner.page.reload();
  await owner.heading('Security').waitFor();
  assert.equal(await owner.statusOfMe(), 200);
}

async function refreshName() {
  await signOut(owner);
  const [held] = await phone.passkeys();
  await phone.remove(held);
  await phone.add({ ...held, userName: 'an old name', userDisplayName: 'An old name' });
  await owner.button('Sign in with a passkey').click();
  await owner.heading('Security').waitFor();
  await phone.until(
    ([{ userName, userDisplayName }]) => userName === username && userDisplayName === 'Mary',
    'the browser was not told the current names',
  );
}

async function forgetStrange() {
  await signOut(owner);
  const [held] = await phone.passkeys();
  await phone.remove(held);
  await phone.add(strangePasskey('localhost'));
  owner.faults.expect('401 POST /api/auth/passkeys/authentication/verify');
  await owner.button('Sign in with a passkey').click();
  await owner.page.getByRole('alert').waitFor();
  await owner.pictures.takeAll('unknown-passkey');
  await phone.until((left) => left.length === 0, 'the browser was not told to forget the unknown passkey');
}

/** From the first passkey on, a password alone opens less than the account can do. */
async function addToPassword(late) {
  await open(late);
  await late.authenticator.setPresent(false);
  await registerByPassword(late, newName('late'), PASSWORD);
  await late.heading('Notes').waitFor();
  await openSecurity(late);
  await late.authenticator.setPresent(true);
  await late.button('Add a passkey').click();
  await late.text('Your passkey is set. Sign in with it to go on.').waitFor();
  assert.equal(await late.statusOfMe(), 401);
  await late.button('Sign in with a passkey').click();
  await openSecurity(late);
  await late.list('Your passkeys').getByText('Chrome on Linux').waitFor();
}
