// Walks through what people decide of their own account: who looked at it, what they agreed to, and that it is deleted, and
// kept after all.
import assert from 'node:assert/strict';

import { PASSWORD, agree, allRead, open, openSecurity, registerByPassword, signInByPassword } from './sign-in.mjs';
import { newName, walk } from './walk.mjs';

const username = newName('leaver');
const LOG = 'Who looked at my data';
let owner;

await walk('own-account', async (world) => {
  owner = await world.person('owner');
  await owner.authenticator.setPresent(false);
  return [
    ['nobody else has looked at a new account', begin],
    ['one’s own accesses are shown on demand, page by page', ownAccesses],
    ['a consent is shown and withdrawn', withdrawConsent],
    ['a deletion asks for the username', wrongName],
    ['an account that is to be deleted is signed out and says until when', remove],
    ['whoever signs in again is told everywhere, and can keep the account', keep],
  ];
});

async function begin() {
  await open(owner);
  await registerByPassword(owner, username, PASSWORD);
  await owner.heading('Notes').waitFor();
  assert.equal(await owner.button('Keep my account').count(), 0);
  await openSecurity(owner);
  await owner.card(LOG).getByText('Nobody else did.').waitFor();
}

function accesses() {
  return owner.list('Accesses to your data').getByRole('listitem');
}

/** More than a page of accesses that are all the same. */
function readConsents() {
  return owner.page.evaluate(async () => {
    for (let read = 0; read < 30; read += 1) await fetch('/api/account/consents');
  });
}

async function ownAccesses() {
  await owner.card(LOG).getByLabel('Show what I did myself as well').check();
  await accesses().filter({ hasText: 'Read who looked at the data' }).first().waitFor();
  await readConsents();
  await owner.page.reload();
  await allRead(owner);
  await owner.card(LOG).getByLabel('Show what I did myself as well').check();
  await accesses().filter({ hasText: /^Read the consents/ }).filter({ hasText: /\d+ times/ }).first().waitFor();
  const unnamed = (await accesses().allInnerTexts()).filter((text) => /^[a-z_]+\.[a-z_.]+/.test(text));
  assert.deepEqual(unnamed, [], 'each action has words');
  await accesses().filter({ hasText: 'You' }).first().waitFor();
  await owner.pictures.takeAll('access-log');
  await owner.button('Older').click();
  await owner.card(LOG).getByText('Page 2', { exact: true }).waitFor();
  await owner.button('Newer').click();
  await owner.card(LOG).getByText('Page 1', { exact: true }).waitFor();
}

/** What the application would do once somebody has agreed. */
async function giveConsent() {
  return owner.page.evaluate(async () => {
    const { csrf_token: csrf } = await (await fetch('/api/auth/csrf')).json();
    const body = JSON.stringify({ purpose: 'research', version: '2.1', text_sha256: 'ab'.repeat(32) });
    const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf };
    return (await fetch('/api/account/consents', { method: 'POST', headers, body })).status;
  });
}

async function withdrawConsent() {
  assert.equal(await giveConsent(), 200);
  await owner.page.reload();
  await allRead(owner);
  const consent = owner.list('Your consents').getByRole('listitem').filter({ hasText: 'research' });
  await consent.getByText('Given', { exact: true }).waitFor();
  await owner.button('Withdraw research').click();
  await agree(owner, 'Withdraw this consent?', 'Withdraw');
  await consent.getByText('Withdrawn', { exact: true }).waitFor();
  assert.equal(await owner.button('Withdraw research').count(), 0);
}

async function wrongName() {
  await owner.card('Delete my account').getByRole('button', { name: 'Delete my account', exact: true }).click();
  const dialog = owner.dialog('Delete this account?');
  await dialog.getByText('The next screen names the day').waitFor();
  const send = dialog.getByRole('button', { name: 'Delete my account', exact: true });
  await send.click();
  await dialog.getByText('Type the username of this account.').waitFor();
  owner.faults.expect('400 DELETE /api/account');
  await dialog.getByLabel('Username', { exact: true }).fill('somebody');
  await send.click();
  await dialog.getByText('That is not the username of this account').waitFor();
  assert.equal(await owner.statusOfMe(), 200);
  await owner.pictures.takeAll('delete');
}

async function remove() {
  const dialog = owner.dialog('Delete this account?');
  await dialog.getByLabel('Username', { exact: true }).fill(username.toUpperCase());
  await dialog.getByRole('button', { name: 'Delete my account', exact: true }).click();
  await owner.heading('Sign in').waitFor();
  await owner.text(/Your account will be deleted on .*\. Sign in before then to keep it\./).waitFor();
  assert.equal(await owner.statusOfMe(), 401);
}

async function keep() {
  await signInByPassword(owner, username, PASSWORD);
  await owner.heading('Security').waitFor();
  const banner = owner.page.getByRole('complementary', { name: 'Deletion of your account' });
  await banner.getByText(/This account will be deleted on /).waitFor();
  await owner.pictures.takeAll('banner');
  await allRead(owner);
  await owner.card('Delete my account').getByText(/^Asked for, and due on /).waitFor();
  await banner.getByRole('button', { name: 'Keep my account', exact: true }).click();
  await banner.waitFor({ state: 'hidden' });
  await owner.text('Your account stays').waitFor();
  await owner.card('Delete my account').getByRole('button', { name: 'Delete my account', exact: true }).waitFor();
  await owner.page.reload();
  await owner.heading('Security').waitFor();
  await allRead(owner);
  assert.equal(await owner.button('Keep my account').count(), 0);
}
