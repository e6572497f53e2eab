// Walks through users: the first administrator from the machine, an invitation by mail, looking for somebody, another
// role, sessions ended, an account disabled and enabled, and what each of these does to the one concerned.
import assert from 'node:assert/strict';

import { wardUser } from './operator.mjs';
import { message } from './outbox.mjs';
import { PASSWORD, open, registerByPassword, signInByPassword, signOut } from './sign-in.mjs';
import { newName, walk } from './walk.mjs';

const admin = newName('ada');
const nurse = newName('grace');
const email = `${nurse}@example.org`;
const name = 'Grace Hopper';
const seen = new Set();

let baseUrl, boss, guest;

await walk('users', async (world) => {
  baseUrl = world.baseUrl;
  boss = await world.person('admin');
  guest = await world.person('guest');
  await guest.authenticator.setPresent(false);
  return [
    ['the machine makes the first administrator, who opens the link', makeAdministrator],
    ['whoever is no administrator sees no users', hideUsers],
    ['an invitation is refused where it can’t be, and goes by mail where it can', invite],
    ['inviting again voids the earlier link', inviteAgain],
    ['where no mail can be sent the link is shown, once', handOver],
    ['the invited one opens the account and signs in', openInvitation],
    ['users are filtered by role and status', filter],
    ['a page of users leads to the next, and back', turnPages],
    ['somebody is looked up by name or address, which stand in no address', lookUp],
    ['another role is given', changeRole],
    ['a new administrator’s next request asks for a passkey first', guardAccount],
    ['sessions that are ended land on the sign-in page', endSessions],
    ['a disabled account is refused at once, and signs in no more', disable],
    ['an enabled account signs in again', enable],
    ['who loses a role is signed out', demote],
  ];
});

function rows() {
  return boss.page.getByRole('row').filter({ has: boss.page.getByRole('rowheader') });
}

function row(username) {
  return rows().filter({ hasText: username });
}

async function makeAdministrator() {
  const link = await wardUser('create', '--admin', admin, '--display-name', 'Ada Lovelace');
  assert.ok(link.startsWith(`${baseUrl}/#/invitation?token=`), link);
  await boss.page.goto(link);
  await boss.heading('Welcome to Ward').waitFor();
  assert.ok(!boss.page.url().includes('token'), 'the token leaves the address');
  await boss.pictures.takeAll('welcome');
  await boss.button('Create passkey').click();
  await boss.text('Your passkey is set. Sign in with it.').waitFor();
  await boss.button('Sign in with a passkey').click();
  await boss.heading('Notes').waitFor();
  await boss.goTo('Users');
  await row(admin).getByText('You', { exact: true }).waitFor();
  await row(admin).getByText('Administrator', { exact: true }).waitFor();
}

async function hideUsers() {
  await open(guest);
  await registerByPassword(guest, newName('stranger'), PASSWORD);
  await guest.heading('Notes').waitFor();
  await guest.page.goto('/#/users');
  await guest.heading('Notes').waitFor();
  assert.equal(await guest.page.getByRole('link', { name: 'Users', exact: true }).count(), 0);
  assert.ok(!guest.requests.some((request) => request.includes('/api/users')), guest.requests.join());
  await signOut(guest);
}

async function fillInvitation(username, address) {
  await boss.button('Invite').click();
  await boss.field('Username').fill(username);
  await boss.page.getByLabel('Display name').fill(name);
  await boss.field('E-mail address').fill(address);
  await boss.button('Send the invitation').click();
}

async function invite() {
  boss.faults.expect('409 POST /api/users');
  await fillInvitation(admin.toUpperCase(), 'not an address');
  await boss.text('Write the whole address, as in name@example.org.').waitFor();
  await boss.field('E-mail address').fill(email);
  await boss.button('Send the invitation').click();
  await boss.text('This username is taken').waitFor();
  assert.equal(await boss.field('Username').getAttribute('aria-invalid'), 'true');
  await boss.pictures.takeAll('invite-taken');
  await boss.field('Username').fill(nurse);
  await boss.button('Send the invitation').click();
  await boss.text(`Invitation sent to ${email}`).waitFor();
  await row(nurse).getByText('Invited', { exact: true }).waitFor();
  invite.link = (await message(baseUrl, email, 'invitation', seen)).link;
}

async function manage(username) {
  await row(username).getByRole('button', { name: /^Manage / }).click();
  const dialog = boss.dialog(name);
  await dialog.waitFor();
  return dialog;
}

async function inviteAgain() {
  const dialog = await manage(nurse);
  await dialog.getByRole('button', { name: 'Invite again', exact: true }).click();
  await dialog.getByText('Invited again').waitFor();
  await boss.pictures.takeAll('invited');
  await dialog.getByRole('button', { name: 'Close', exact: true }).click();
  inviteAgain.link = (await message(baseUrl, email, 'invitation', seen)).link;

  guest.faults.expect('400 POST /api/auth/recovery/complete');
  await setPassword(invite.link);
  await guest.text('This link does not work any more').waitFor();
}

/** `ward dev` always has an outbox, so its answer is given the link here. */
async function handOver() {
  const invitation_url = `${baseUrl}/#/invitation?token=a-token-to-hand-over`;
  const users = (url) => url.pathname === '/api/users';
  await boss.page.route(users, async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const response = await route.fetch();
    return route.fulfill({ response, json: { ...(await response.json()), invitation_url } });
  });
  const username = newName('mary');
  await fillInvitation(username, `${username}@example.org`);
  assert.equal(await boss.page.getByRole('textbox', { name: 'Invitation link' }).innerText(), invitation_url);
  await boss.pictures.takeAll('link');
  await boss.page.keyboard.press('Escape');
  await boss.button('I have the link').click();
  await row(username).getByText('Invited', { exact: true }).waitFor();
  assert.ok(!(await boss.page.content()).includes('a-token-to-hand-over'), 'it is not shown again');
  await boss.page.unroute(users);
}

async function setPassword(link) {
  await guest.page.goto(link);
  await guest.heading('Welcome to Ward').waitFor();
  await guest.text('With a password').click();
  await guest.field('New password').fill(PASSWORD);
  await guest.button('Set password').click();
}

async function openInvitation() {
  await setPassword(inviteAgain.link);
  await guest.text('Your password is set. Sign in with it.').waitFor();
  await signInByPassword(guest, nurse, PASSWORD);
  await guest.heading('Notes').waitFor();
  await guest.text(name).first().waitFor();
}

async function filter() {
  await boss.page.reload();
  await row(nurse).getByText('Active', { exact: true }).waitFor();
  await boss.pictures.takeAll('users');
  await boss.field('Role').selectOption('admin');
  await row(nurse).waitFor({ state: 'detached' });
  await row(admin).waitFor();
  await boss.field('Status').selectOption('disabled');
  await boss.text('No user matches.').waitFor();
  await boss.field('Role').selectOption('');
  await boss.field('Status').selectOption('');
  await row(nurse).waitFor();
}

/** In pages of two: the page of 25 is more than a walk has users. */
async function turnPages() {
  const list = (url) => url.pathname === '/api/users';
  await boss.page.route(list, (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set('limit', '2');
    return route.continue({ url: url.href });
  });
  await boss.page.reload();
  await boss.text('Page 1, 2 users').waitFor();
  const first = await rows().allInnerTexts();
  await boss.button('Next').click();
  await boss.text('Page 2, ').waitFor();
  const second = await rows().allInnerTexts();
  assert.ok(second.length > 0 && !second.some((text) => first.includes(text)), 'the second page has others');
  await boss.button('Previous').click();
  await boss.text('Page 1, 2 users').waitFor();
  assert.deepEqual(await rows().allInnerTexts(), first);
  await boss.page.unroute(list);
  await boss.page.reload();
  await row(nurse).waitFor();
}

async function lookUp() {
  const who = boss.field('Exact username or e-mail address');
  for (const text of [nurse.toUpperCase(), email]) {
    const found = boss.page.waitForResponse((response) => response.url().endsWith('/api/users/search'));
    await who.fill(text);
    await who.press('Enter');
    assert.equal((await found).status(), 200);
    await row(admin).waitFor({ state: 'detached' });
    await row(nurse).waitFor();
    assert.equal(await rows().count(), 1);
  }
  await boss.field('Role').selectOption('admin');
  await boss.text('No user matches.').waitFor();
  await boss.field('Role').selectOption('');
  await row(nurse).waitFor();
  await who.fill(`not-${nurse}`);
  await who.press('Enter');
  await boss.text('No user matches.').waitFor();
  await boss.pictures.takeAll('no-user');
  await who.fill('');
  await who.press('Enter');
  await row(admin).waitFor();
}

async function changeRole() {
  const dialog = await manage(nurse);
  await dialog.getByLabel('Role').selectOption('admin');
  await dialog.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog.getByText('Role changed.').waitFor();
  await boss.pictures.takeAll('role');
  await dialog.getByRole('button', { name: 'Close', exact: true }).click();
  await row(nurse).getByText('Administrator', { exact: true }).waitFor();
}

/** An administrator who signs in by a password alone may do one thing: become better guarded. What was begun before ends. */
async function guardAccount() {
  await landsOnSignIn();
  guest.faults.expect(...['usage', 'preferences', 'users'].map((part) => `403 GET /api/${part}`));
  await signInByPassword(guest, nurse, PASSWORD);
  await guest.goTo('Users');
  const alert = guest.page.getByRole('alert').filter({ hasText: 'Your role needs a second factor' });
  await guest.pictures.takeAll('needs-factor', alert);
  await alert.getByRole('link', { name: 'Open Security', exact: true }).click();
  await guest.text('Set one up now.').waitFor();
  await guest.authenticator.setPresent(true);
  await guest.button('Add a passkey').click();
  await guest.text('Your passkey is set. Sign in with it to go on.').waitFor();
  await signInByPasskey();
  await guest.goTo('Users');
  await guest.page.getByRole('row').filter({ hasText: nurse }).getByText('You', { exact: true }).waitFor();
}

async function signInByPasskey() {
  await guest.button('Sign in with a passkey').click();
  await guest.button('Sign out').waitFor();
}

/** The next request of the one concerned is refused, and the page says so. */
async function landsOnSignIn() {
  guest.faults.expect('401 GET /api/usage');
  await guest.page.getByRole('link', { name: 'Usage', exact: true }).click();
  await guest.text('Your session has ended.').waitFor();
}

async function act(action, said) {
  const dialog = await manage(nurse);
  await dialog.getByRole('button', { name: action, exact: true }).click();
  await dialog.getByText(`${said}.`).waitFor();
  await dialog.getByRole('button', { name: 'Close', exact: true }).click();
}

async function endSessions() {
  await act('End all', 'Sessions ended');
  await landsOnSignIn();
  await signInByPasskey();
  await guest.goTo('Notes');
}

async function disable() {
  await act('Disable', 'Account disabled');
  await row(nurse).getByText('Disabled', { exact: true }).waitFor();
  await landsOnSignIn();
  guest.faults.expect('403 POST /api/auth/passkeys/authentication/verify');
  await guest.button('Sign in with a passkey').click();
  await guest.page.getByRole('alert').getByText('disabled').first().waitFor();
  await guest.pictures.takeAll('disabled');
}

async function enable() {
  await act('Enable', 'Account enabled');
  await signInByPasskey();
  await guest.goTo('Notes');
}

async function demote() {
  const dialog = await manage(nurse);
  await dialog.getByLabel('Role').selectOption('auditor');
  await dialog.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog.getByText('Role changed.').waitFor();
  await landsOnSignIn();
}
