// Walks a new person's way through Ward in a real browser, against the server at BASE_URL: passkey, sealed note, streamed
// answer and its cost, signing out and back in. Pictures of each step go to OUTPUT_DIR.
import assert from 'node:assert/strict';

import { agree, registerByPasskey, signOut as leave } from './sign-in.mjs';
import { newName, walk } from './walk.mjs';

const NOTE = 'Shift handover';
const NOTE_TEXT = 'Bed 4: new dressing at 18:00, then every six hours.\nBed 7: waiting for the lab, call back before 20:00.';
const SIGN_IN_OPTIONS = 'POST /api/auth/passkeys/authentication/options';
const PROGRAM = 'infusion-pump';
const username = newName('nightingale');

let nurse, page, pictures, button, heading;
const figure = (name) => page.locator(`[data-figure="${name}"]`);

await walk('first-light', async (world) => {
  nurse = await world.person('nurse');
  ({ page, pictures, button, heading } = nurse);
  return [
    ['the page loads without a fault', pageLoads],
    ['a passkey makes an account', createPasskey],
    ['a note is stored', storeNote],
    ['the note outlives a reload', noteAfterReload],
    ['an earlier version is restored', restoreVersion],
    ['who saves over a newer note is told', meetConflict],
    ['what a program stored is edited without loss', editExact],
    ['a chat opens for a patient', openChat],
    ['an answer arrives token by token, with its cost', streamAnswer],
    ['the chat is found by its patient', findByPatient],
    ['usage counts the call', showUsage],
    ['signing out ends the session', signOut],
    ['the passkey button signs in', signInByButton],
    ['the note is still there', noteIsThere],
    ['autofill signs in, but only when asked', signInByAutofill],
    ['the note is deleted', deleteNote],
    ['the deleted note is restored', restoreDeleted],
  ];
});

async function pageLoads() {
  const answer = await page.goto('/');
  assert.equal(answer.status(), 200);
  const policy = answer.headers()['content-security-policy'] ?? '';
  assert.match(policy, /script-src 'self'/, 'the page has a content security policy');
  assert.doesNotMatch(policy, /unsafe-/, 'the policy allows nothing unsafe');
  await heading('Sign in').waitFor();
  await pictures.take('welcome');
  await pictures.takeDark('welcome');
  await pictures.takeNarrow('welcome');
}

async function createPasskey() {
  await registerByPasskey(nurse, username, 'Florence');
  assert.equal((await nurse.authenticator.passkeys()).length, 1, 'the authenticator holds one passkey');
  await pictures.take('signed-in');
}

async function storeNote() {
  await button('Write a note').click();
  await page.getByLabel('Name of the note').fill(NOTE);
  await page.getByLabel('Text of the note').fill(NOTE_TEXT);
  await pictures.take('note-being-written');
  await button('Save').click();
  await page.getByText(/^Saved /).waitFor();
  await button(NOTE).waitFor();
  await pictures.take('note-stored');
}

async function noteAfterReload() {
  await page.reload();
  await noteIsThere();
  await pictures.take('note-after-reload');
  await pictures.takeDark('note');
  await pictures.takeNarrow('note');
}

async function noteIsThere() {
  await button(NOTE).click();
  await heading(NOTE).waitFor();
  assert.equal(await page.getByLabel('Text of the note').inputValue(), NOTE_TEXT);
}

async function restoreVersion() {
  await page.getByLabel('Text of the note').fill('Overwritten by mistake');
  await button('Save').click();
  await page.getByText(/^Saved /).waitFor();
  await button('Earlier versions').click();
  const dialog = page.getByRole('dialog', { name: 'Earlier versions' });
  const version = /^Version (\d+)/.exec(await dialog.getByRole('listitem').first().innerText())[1];
  await dialog.getByRole('button', { name: `Show version ${version}`, exact: true }).click();
  await dialog.getByText('Bed 4: new dressing').waitFor();
  await pictures.takeAll('note-versions');
  await dialog.getByRole('button', { name: `Restore version ${version}`, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.waitForFunction((text) => document.querySelector('.editor-text')?.value === text, NOTE_TEXT);
}

/** The same note open in two tabs: who saves second is told, and nothing of either is lost. */
async function meetConflict() {
  const other = await page.context().newPage();
  await other.goto('/');
  await other.getByRole('button', { name: NOTE }).click();
  await other.getByLabel('Text of the note').fill('Written in another tab');
  await other.getByRole('button', { name: 'Save' }).click();
  await other.getByText(/^Saved /).waitFor();
  await other.close();
  nurse.faults.expect('412 POST /api/storage/set');
  await page.getByLabel('Text of the note').fill(`${NOTE_TEXT}\nBed 9: new.`);
  await button('Save').click();
  await page.getByText('This note has changed meanwhile').waitFor();
  await pictures.take('note-conflict');
  await button('Keep mine').click();
  await page.getByText(/^Saved /).waitFor();
  await page.getByLabel('Text of the note').fill(NOTE_TEXT);
  await button('Save').click();
  await page.getByText(/^Saved /).waitFor();
}

/** A value that parsing would change, with metadata of its own: one change on the page is the only one. */
async function editExact() {
  const stored = '{"n":12345678901234567890,"f":1.0,"d":1,"d":2}';
  await page.evaluate(async ([key, json]) => {
    const { csrf_token: csrf } = await (await fetch('/api/auth/csrf')).json();
    const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf };
    const body = `{"key":"${key}","value":${json},"metadata":{"kind": "dose", "of":1.0}}`;
    const { ok } = await fetch('/api/storage/set', { method: 'POST', headers, body });
    if (!ok) throw new Error('the value was not stored');
  }, [PROGRAM, stored]);
  await page.reload();
  await button(PROGRAM).click();
  const field = page.getByLabel('Value as JSON');
  await field.waitFor();
  assert.equal(await field.inputValue(), stored);
  await field.fill(stored.replace('"f":1.0', '"f":2.50'));
  await button('Save').click();
  await page.getByText(/^Saved /).waitFor();
  await pictures.takeAll('note-of-a-program');
  const kept = await page.evaluate(async (key) => (await fetch(`/api/storage/get?key=${key}`)).text(), PROGRAM);
  assert.ok(kept.includes('"value":{"n":12345678901234567890,"f":2.50,"d":1,"d":2}'), kept);
  assert.ok(kept.includes('"metadata":{"kind": "dose", "of":1.0}'), kept);
  await button('Delete this note').click();
  await agree(nurse, 'Delete this note?', 'Delete');
  await button(NOTE).click();
  await heading(NOTE).waitFor();
}

async function openChat() {
  await page.getByRole('link', { name: 'Chat' }).click();
  await button('New chat').click();
  await page.getByLabel('Title').fill('Dressing change');
  await page.getByLabel('Patient id optional').fill('MRN-204881');
  await pictures.take('new-chat');
  await button('Open chat').click();
  await heading('Dressing change').waitFor();
}

async function streamAnswer() {
  await page.evaluate(recordAnswerLengths);
  await page.getByLabel('Message', { exact: true }).fill('How often should a clean surgical dressing be changed?');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => window.answerLengths.size >= 2);
  await pictures.take('answer-being-written');
  await figure('answer-cost').waitFor();
  const length = (await page.locator('.turn-assistant .turn-text').innerText()).length;
  const partial = (await page.evaluate(() => [...window.answerLengths])).filter((seen) => seen < length);
  assert.ok(partial.length >= 2, `the answer grew in ${partial.length} steps before it was done`);
  assert.match(await figure('answer-tokens').innerText(), /^[1-9][\d,]* tokens?$/);
  assert.match(await figure('answer-cost').innerText(), /^\$\d+\.\d{2,}$/);
  await pictures.take('answer');
  await pictures.takeDark('answer');
  await pictures.takeNarrow('answer');
}

/** Runs in the page: notes each length of the answer's text while it is being written. */
function recordAnswerLengths() {
  window.answerLengths = new Set();
  const look = () => {
    const length = document.querySelector('[data-state="writing"] .turn-text')?.textContent.length ?? 0;
    if (length > 0) window.answerLengths.add(length);
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}

async function findByPatient() {
  const field = page.getByLabel('Find chats by patient id');
  await field.fill('MRN-000000');
  await field.press('Enter');
  await page.getByText('No chat for patient MRN-000000.').waitFor();
  await field.fill('MRN-204881');
  await field.press('Enter');
  await page.getByRole('button', { name: /^Dressing change/ }).waitFor();
  assert.ok(!page.url().includes('MRN'), 'a patient id stays out of the address');
}

async function showUsage() {
  await page.getByRole('link', { name: 'Usage' }).click();
  await figure('calls').waitFor();
  assert.ok((await leadingNumber('calls')) >= 1, 'calls are counted');
  assert.ok((await leadingNumber('tokens')) > 0, 'tokens are counted');
  await pictures.take('usage');
  await pictures.takeDark('usage');
  await pictures.takeNarrow('usage');
}

async function leadingNumber(name) {
  return Number.parseInt((await figure(name).innerText()).replaceAll(',', ''), 10);
}

async function signOut() {
  // A present authenticator would answer any offer: with none made, it makes no difference.
  const before = nurse.requests.length;
  await leave(nurse);
  assert.equal(await nurse.statusOfMe(), 401);
  assert.ok(!nurse.requests.slice(before).includes(SIGN_IN_OPTIONS), 'nothing offers to sign in right after signing out');
  await pictures.take('signed-out');
}

async function signInByButton() {
  await button('Sign in with a passkey').click();
  await heading('Usage today').waitFor();
  assert.equal(await nurse.statusOfMe(), 200);
  await page.getByRole('link', { name: 'Notes' }).click();
}

async function signInByAutofill() {
  await signOut();
  await nurse.authenticator.setPresent(false);
  const offered = page.waitForResponse((response) => response.url().endsWith('/authentication/options'));
  await page.getByLabel('Username, e-mail or phone').focus();
  await offered;
  assert.equal(await nurse.statusOfMe(), 401, 'an offer nobody picked signs nobody in');
  await nurse.authenticator.setPresent(true);
  // The ignored offer stays unanswered; a fresh page makes a new one, and this time the passkey is picked.
  await page.reload();
  await heading('Notes').waitFor();
  assert.equal(await nurse.statusOfMe(), 200);
  await noteIsThere();
  await pictures.take('signed-in-by-autofill');
}

async function deleteNote() {
  await button('Delete this note').click();
  await page.getByRole('dialog').waitFor();
  await pictures.take('delete-note');
  await button('Delete').click();
  await page.getByText('No notes yet.').waitFor();
}

async function restoreDeleted() {
  await page.getByText('Deleted notes').click();
  await button(`Restore ${NOTE}`).click();
  await heading(NOTE).waitFor();
  assert.equal(await page.getByLabel('Text of the note').inputValue(), NOTE_TEXT);
  await pictures.take('note-restored');
}
