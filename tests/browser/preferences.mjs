// Walks through preferences in two browsers of one person: theme, language and time zone are kept and follow to the other
// browser, changes of both are merged, and one that can't be kept is not shown as if it were.
import assert from 'node:assert/strict';

import { PASSWORD, open, registerByPassword, signInByPassword, signOut } from './sign-in.mjs';
import { newName, walk } from './walk.mjs';

const username = newName('snow');
const ZONE = 'Pacific/Kiritimati';
const PATH = '/api/preferences';

let owner, elsewhere;

await walk('preferences', async (world) => {
  owner = await world.person('owner');
  elsewhere = await world.person('elsewhere');
  for (const person of world.people) await person.authenticator.setPresent(false);
  return [
    ['a new account has what the device has', begin],
    ['a theme is put on at once and survives a reload', chooseTheme],
    ['language and time zone change how times are written', chooseDisplay],
    ['another browser has the same', follow],
    ['changes of two browsers are both kept', mergeChanges],
    ['a change that can’t be kept is told, and not shown as kept', refuseLate],
    ['after the sign-out the theme stays, and the next account has its own', leave],
  ];
});

/** The theme the page is in; `null` where the device has the say. */
function themeOf(person) {
  return person.page.evaluate(() => document.documentElement.dataset.theme ?? null);
}

/** Resolves once the page is in the theme. */
async function isIn(person, theme) {
  await person.page.waitForFunction((wanted) => (document.documentElement.dataset.theme ?? null) === wanted, theme);
}

/** Resolves once a field shows the value: what was chosen, or what was read. */
async function shows(person, label, value) {
  const id = await person.field(label).getAttribute('id');
  await person.page.waitForFunction(([field, wanted]) => document.getElementById(field)?.value === wanted, [id, value]);
}

async function choose(person, theme) {
  const label = person.page.getByRole('radio', { name: theme, exact: true }).locator('..');
  const [status] = await Promise.all([patched(person), label.click()]);
  assert.equal(status, 200);
}

async function select(person, label, value) {
  const [status] = await Promise.all([patched(person), person.field(label).selectOption(value)]);
  return status;
}

/** Resolves to the status of the next change's answer. */
async function patched(person) {
  const isPatch = (response) => response.url().endsWith(PATH) && response.request().method() === 'PATCH';
  return (await person.page.waitForResponse(isPatch)).status();
}

async function begin() {
  await open(owner);
  await registerByPassword(owner, username, PASSWORD);
  await owner.heading('Notes').waitFor();
  await owner.goTo('Preferences');
  assert.ok(await owner.page.getByRole('radio', { name: 'System', exact: true }).isChecked());
  assert.equal(await owner.field('Language').inputValue(), '');
  assert.equal(await owner.field('Time zone').inputValue(), '');
  await owner.pictures.takeAll('preferences');
}

async function chooseTheme() {
  await choose(owner, 'Dark');
  await isIn(owner, 'dark');
  await owner.page.getByText('Saved', { exact: true }).waitFor();
  await owner.pictures.take('chosen-dark');
  await owner.page.reload();
  assert.equal(await themeOf(owner), 'dark', 'before anything is read');
  await owner.page.waitForFunction(() => document.querySelector('[value="dark"]')?.checked);
}

async function chooseDisplay() {
  assert.equal(await select(owner, 'Language', 'de'), 200);
  const before = clockThere();
  assert.equal(await select(owner, 'Time zone', ZONE), 200);
  await owner.text(new RegExp(`^It is (${before}|${clockThere()}) there\\.$`)).waitFor();
  await owner.page.reload();
  await shows(owner, 'Time zone', ZONE);
  await shows(owner, 'Language', 'de');
  await owner.text(/^It is \d?\d:\d\d there\.$/).waitFor();
}

function clockThere() {
  return new Date().toLocaleString('de', { hour: 'numeric', minute: '2-digit', timeZone: ZONE });
}

async function follow() {
  await open(elsewhere);
  await signInByPassword(elsewhere, username, PASSWORD);
  await elsewhere.heading('Notes').waitFor();
  await isIn(elsewhere, 'dark');
  await elsewhere.goTo('Preferences');
  await elsewhere.text(/^It is \d?\d:\d\d there\.$/).waitFor();
  await shows(elsewhere, 'Time zone', ZONE);
}

/** Both have read the same version: the later change is sent once more over the earlier one. */
async function mergeChanges() {
  await choose(owner, 'Light');
  elsewhere.faults.expect(`412 PATCH ${PATH}`);
  assert.equal(await select(elsewhere, 'Language', 'sw'), 412);
  await isIn(elsewhere, 'light');
  await shows(elsewhere, 'Language', 'sw');
  assert.equal(await elsewhere.page.getByRole('alert').count(), 0);
  await owner.page.reload();
  await shows(owner, 'Language', 'sw');
  await shows(owner, 'Time zone', ZONE);
  assert.equal(await themeOf(owner), 'light');
}

/** Someone else is always quicker. */
async function refuseLate() {
  const change = (url) => url.pathname === PATH;
  await elsewhere.page.route(change, (route) => {
    if (route.request().method() !== 'PATCH') return route.continue();
    return route.continue({ headers: { ...route.request().headers(), 'if-match': '"0"' } });
  });
  elsewhere.faults.expect(`412 PATCH ${PATH}`);
  await elsewhere.field('Time zone').selectOption('UTC');
  await elsewhere.page.getByRole('alert').getByText('They are shown as they are now. Choose again.').waitFor();
  await shows(elsewhere, 'Time zone', ZONE);
  assert.equal(await elsewhere.page.getByText('Saved', { exact: true }).count(), 0);
  await elsewhere.pictures.takeAll('too-late');
  await elsewhere.page.unroute(change);
  assert.equal(await select(elsewhere, 'Time zone', 'UTC'), 200);
  await shows(elsewhere, 'Time zone', 'UTC');
  assert.equal(await elsewhere.page.getByRole('alert').count(), 0);
}

async function leave() {
  await owner.page.reload();
  await shows(owner, 'Time zone', 'UTC');
  await choose(owner, 'Dark');
  await isIn(owner, 'dark');
  await signOut(owner);
  assert.equal(await themeOf(owner), 'dark', 'the sign-in screen does not flash');
  await owner.pictures.take('signed-out');
  await registerByPassword(owner, newName('next'), PASSWORD);
  await isIn(owner, null);
  await owner.goTo('Preferences');
  assert.equal(await owner.field('Language').inputValue(), '');
}
