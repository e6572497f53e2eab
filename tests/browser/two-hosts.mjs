// Walks through a page whose API has another host of the same site, app.example and api.example: the passkey belongs to
// the domain above both, the session to the API's host alone. BASE_URL is the page's, API_URL the API's, SITE that domain.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { servePage } from './page-host.mjs';
import { open, registerByPasskey, signOut } from './sign-in.mjs';
import { newName, walk } from './walk.mjs';

const API = process.env.API_URL;
const SITE = process.env.SITE;
const SESSION = '__Host-ward_session';
const NOTE_TEXT = 'Bed 4: <b>new dressing</b> at 18:00.';
const SMALL = { name: 'Befund Müller.txt', mimeType: 'text/plain', buffer: Buffer.from('Nothing broken.\n') };
const LARGE = { name: 'series.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(5 * 1024 * 1024, 'scan') };
const username = newName('seacole');

let nurse, page, baseUrl, stopServing;
/** The origins that were asked for a path of the API, but for large files. */
const asked = new Set();

await walk('two-hosts', async (world) => {
  ({ baseUrl } = world);
  stopServing = await servePage(baseUrl, API);
  nurse = await world.person('nurse');
  ({ page } = nurse);
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url());
    if (pathname.startsWith('/api/') && !pathname.startsWith('/api/files/direct/')) asked.add(origin);
  });
  return [
    ['the page loads from its own host, under CloudFront’s policy', pageLoads],
    ['a passkey of the domain above both makes an account', register],
    ['the session is the API’s host’s alone', sessionOfApi],
    ['a note is stored and outlives a reload', storeNote],
    ['an answer arrives token by token', streamAnswer],
    ['a small file comes back as it was, under its name', smallFile],
    ['a large file goes past the API and comes back', largeFile],
    ['everything is downloaded', exportAll],
    ['the page reads the version it changes', changePreferences],
    ['the passkey signs in again', signInAgain],
    ['a page of another host of the site gets nothing', refuseOther],
    ['the API’s host alone was asked', apiAlone],
  ];
}).finally(() => stopServing?.());

async function pageLoads() {
  const answer = await page.goto('/');
  assert.equal(answer.status(), 200);
  const policy = answer.headers()['content-security-policy'];
  assert.match(policy, new RegExp(`connect-src 'self' ${API} `), 'the policy names the API');
  assert.doesNotMatch(policy, /unsafe-|\$\{/, 'it allows nothing unsafe, and holds no placeholder');
  await nurse.heading('Sign in').waitFor();
}

async function register() {
  await registerByPasskey(nurse, username, 'Mary');
  const passkeys = await nurse.authenticator.passkeys();
  assert.deepEqual(passkeys.map(({ rpId }) => rpId), [SITE]);
  await nurse.pictures.take('signed-in');
}

async function sessionOfApi() {
  const cookies = (await page.context().cookies([baseUrl, API])).filter(({ name }) => name === SESSION);
  const seen = cookies.map(({ domain, path, httpOnly, secure, sameSite }) => ({ domain, path, httpOnly, secure, sameSite }));
  const { hostname } = new URL(API);
  assert.deepEqual(seen, [{ domain: hostname, path: '/', httpOnly: true, secure: true, sameSite: 'Lax' }]);
}

async function storeNote() {
  await nurse.button('Write a note').click();
  await page.getByLabel('Name of the note').fill('Handover');
  await page.getByLabel('Text of the note').fill(NOTE_TEXT);
  await nurse.button('Save').click();
  await page.getByText(/^Saved /).waitFor();
  await page.reload();
  await nurse.button('Handover').click();
  await nurse.heading('Handover').waitFor();
  assert.equal(await page.getByLabel('Text of the note').inputValue(), NOTE_TEXT);
}

async function streamAnswer() {
  await nurse.goTo('Chat');
  await nurse.button('New chat').click();
  await page.getByLabel('Title').fill('Dressing change');
  await nurse.button('Open chat').click();
  await nurse.heading('Dressing change').waitFor();
  await page.getByLabel('Message', { exact: true }).fill('How often should a clean surgical dressing be changed?');
  await page.keyboard.press('Enter');
  await page.locator('[data-state="writing"] .turn-text', { hasText: /\w/ }).waitFor();
  await page.locator('[data-figure="answer-cost"]').waitFor();
}

async function smallFile() {
  await nurse.goTo('Files');
  const { name, content } = await storeAndFetch(SMALL);
  assert.equal(name, SMALL.name);
  assert.deepEqual(content, SMALL.buffer);
}

async function largeFile() {
  const { name, content } = await storeAndFetch(LARGE);
  assert.equal(name, LARGE.name);
  assert.ok(content.equals(LARGE.buffer));
  assert.ok(nurse.requests.some((request) => request.startsWith('PUT /api/files/direct/')), 'it went to its URL');
}

async function storeAndFetch(file) {
  await page.getByLabel('Files to store').setInputFiles(file);
  const link = page.getByRole('link', { name: `Download ${file.name}`, exact: true });
  await link.waitFor();
  return downloaded(() => link.click());
}

async function downloaded(act) {
  const waiting = page.waitForEvent('download');
  await act();
  const got = await waiting;
  assert.equal(new URL(page.url()).origin, baseUrl, 'the page stays');
  return { name: got.suggestedFilename(), content: await readFile(await got.path()) };
}

async function exportAll() {
  await nurse.goTo('Security');
  const { content } = await downloaded(() => nurse.button('Download everything').click());
  assert.equal(content.subarray(0, 4).toString('latin1'), 'PK\x03\x04', 'it is a zip');
}

async function changePreferences() {
  await nurse.goTo('Preferences');
  const patch = page.waitForRequest((request) => request.method() === 'PATCH');
  await page.getByRole('radio', { name: 'Dark', exact: true }).locator('..').click();
  await page.getByText('Saved', { exact: true }).waitFor();
  assert.match((await patch).headers()['if-match'], /^"[^"]+"$/, 'the version was read off the answer’s ETag');
}

async function signInAgain() {
  await signOut(nurse);
  await nurse.button('Sign in with a passkey').click();
  await nurse.goTo('Notes');
  await nurse.button('Handover').waitFor();
}

/** Its requests take the cookie along, for it is the same site; that it is no origin of ours keeps the answers from it. */
async function refuseOther() {
  const other = await page.context().newPage();
  const origin = baseUrl.replace('//app.', '//other.');
  await other.goto(origin);
  const read = await other.evaluate(async ([api]) => {
    const outcome = async (path, init) => {
      const answer = await fetch(api + path, { credentials: 'include', ...init }).catch(() => null);
      return answer ? answer.status : 'kept';
    };
    return [await outcome('/api/auth/me'), await outcome('/api/auth/logout', { method: 'POST' })];
  }, [API]);
  await other.close();
  assert.deepEqual(read, ['kept', 'kept']);
  assert.equal(await statusOfMe(), 200, 'nobody was signed out');
}

function statusOfMe() {
  return page.evaluate(async (api) => (await fetch(`${api}/api/auth/me`, { credentials: 'include' })).status, API);
}

async function apiAlone() {
  assert.deepEqual([...asked], [API]);
}
