// Walks through GitHub: a new account by it, a connection made, refused, ended and renewed, a second factor after it,
// and what someone is told who comes back without what they went for.
import assert from 'node:assert/strict';

import {
  PASSWORD,
  agree,
  allRead,
  open,
  openSecurity,
  registerByPassword,
  signInByPassword,
  signOut,
} from './sign-in.mjs';
import { AuthenticatorApp } from './totp.mjs';
import { newName, walk } from './walk.mjs';

const GITHUB = process.env.GITHUB_URL;
const guest = newName('franklin');
const username = newName('hodgkin');
const login = `${username}-at-github`;

let baseUrl, owner, other, app;

await walk('github', async (world) => {
  baseUrl = world.baseUrl;
  other = await world.person('guest');
  owner = await world.person('owner');
  for (const person of world.people) await person.authenticator.setPresent(false);
  return [
    ['where GitHub is not set up nobody is offered it', hideWhereNotSetUp],
    ['who says no at GitHub is told so, and is signed in by nothing', refuse],
    ['a GitHub account makes an account here', registerByGithub],
    ['the last way to sign in is not disconnected', keepLastWay],
    ['a password account connects GitHub', connect],
    ['a GitHub account that is another’s is refused', refuseTaken],
    ['a connection that GitHub has ended is renewed', reconnect],
    ['a second factor follows GitHub as well', secondFactor],
    ['an answer of somebody else’s visit is refused', refuseForged],
    ['while GitHub is away nothing is disconnected', keepWhileAway],
    ['disconnecting gives back what GitHub granted', disconnect],
    ['an error stays until the next screen', tellError],
  ];
});

/** Answers GitHub's page, as whoever is at the browser there. */
async function authorize(person, name, email = `${name}@example.org`) {
  await person.heading('Authorize Ward').waitFor();
  await person.field('Login').fill(name);
  await person.field('E-mail').fill(email);
  await person.button('Authorize').click();
}

function card(person = owner) {
  return person.card('GitHub');
}

async function hideWhereNotSetUp() {
  const methods = '**/api/auth/methods';
  await other.page.route(methods, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), github: false } });
  });
  await open(other);
  await other.button('Create an account').waitFor();
  assert.equal(await other.button('Continue with GitHub').count(), 0);
  await other.page.unroute(methods);
}

async function refuse() {
  await open(other);
  await other.button('Continue with GitHub').click();
  await other.button('Cancel').click();
  await other.heading('Sign in').waitFor();
  await other.page.getByRole('alert').getByText('allow it on GitHub’s page').waitFor();
  assert.equal(other.page.url(), `${baseUrl}/`, 'the error leaves the address');
  assert.equal(await other.statusOfMe(), 401);
  await other.pictures.takeAll('refused');
}

async function registerByGithub() {
  await other.button('Continue with GitHub').click();
  await authorize(other, guest);
  await other.heading('Notes').waitFor();
  await other.text(guest).first().waitFor();
  await openSecurity(other);
  await other.list('Your GitHub account').getByText(guest).waitFor();
  await other.list('Your sessions').getByText(/GitHub/).waitFor();
}

async function keepLastWay() {
  other.faults.expect('409 DELETE /api/auth/github/connection');
  await card(other).getByRole('button', { name: 'Disconnect', exact: true }).click();
  await agree(other, 'Disconnect GitHub?', 'Disconnect');
  await card(other).getByText('Add a passkey or set a password first.').waitFor();
  assert.equal((await tokensOf(guest)).length, 1, 'nothing was taken back at GitHub');
}

async function connect() {
  await open(owner);
  await registerByPassword(owner, username, PASSWORD);
  await owner.heading('Notes').waitFor();
  await openSecurity(owner);
  await card().getByRole('button', { name: 'Connect', exact: true }).click();
  await authorize(owner, login);
  await owner.text('GitHub connected').waitFor();
  await owner.heading('Security').waitFor();
  await owner.list('Your GitHub account').getByText(login).waitFor();
  await owner.list('Your GitHub account').getByText('user:email').waitFor();
  await owner.pictures.takeAll('connected', card());

  await signOut(owner);
  await owner.button('Continue with GitHub').click();
  await authorize(owner, login);
  await owner.heading('Notes').waitFor();
  await owner.text(username).first().waitFor();
}

/** The one account disconnects, and would like the other's. */
async function refuseTaken() {
  await openSecurity(owner);
  await removeConnection();
  await card().getByRole('button', { name: 'Connect', exact: true }).click();
  await authorize(owner, guest);
  await owner.heading('Security').waitFor();
  await owner.page.getByRole('alert').getByText('This GitHub account is connected to another account').waitFor();
  assert.equal(owner.page.url(), `${baseUrl}/#/security`, 'the error leaves the address');
  await owner.pictures.takeAll('taken');
  await owner.goTo('Notes');
  await openSecurity(owner);
  assert.equal(await owner.page.getByRole('alert').count(), 0, 'it is told once');
}

async function removeConnection() {
  await card().getByRole('button', { name: 'Disconnect', exact: true }).click();
  await agree(owner, 'Disconnect GitHub?', 'Disconnect');
  await owner.text('GitHub disconnected').waitFor();
  await card().getByRole('button', { name: 'Connect', exact: true }).waitFor();
}

async function reconnect() {
  await card().getByRole('button', { name: 'Connect', exact: true }).click();
  await authorize(owner, login);
  await owner.text('GitHub connected').waitFor();
  await atGithub('end-tokens', { login });
  owner.faults.expect('409 GET /api/github/user');
  assert.equal(await owner.page.evaluate(async () => (await fetch('/api/github/user')).status), 409);
  await owner.page.reload();
  await card().getByText('GitHub has ended this connection.').waitFor();
  await owner.pictures.takeAll('ended', card());
  await card().getByRole('button', { name: 'Connect anew', exact: true }).click();
  await authorize(owner, login);
  await owner.text('GitHub connected').waitFor();
  await card().getByText(/Connected \w/).waitFor();
}

async function secondFactor() {
  await allRead(owner);
  await owner.button('Set up: Authenticator app').click();
  app = new AuthenticatorApp(await owner.page.getByRole('textbox', { name: 'Key for the app' }).innerText());
  await owner.field('Code from the app').fill(await app.code());
  await owner.button('Turn on').click();
  await owner.button('I have stored them').click();
  await signOut(owner);

  await owner.button('Continue with GitHub').click();
  await authorize(owner, login);
  await owner.heading('Second step').waitFor();
  assert.equal(owner.page.url(), `${baseUrl}/`, 'the challenge leaves the address');
  assert.equal(await owner.statusOfMe(), 401);
  await owner.pictures.takeAll('second-step');
  await owner.field('Code').fill(await app.code());
  await owner.button('Sign in').click();
  await owner.heading('Notes').waitFor();
}

/** The state is another's: an address that was sent to someone, to sign them in to a strange account. */
async function refuseForged() {
  await signOut(owner);
  await owner.page.goto(`/api/auth/github/callback?code=abc&state=${'a'.repeat(43)}`);
  await owner.page.getByRole('alert').getByText('Begin again on this page').waitFor();
  assert.equal(await owner.statusOfMe(), 401);
  await signInByPassword(owner, username, PASSWORD);
  await owner.field('Code').fill(await app.code());
  await owner.button('Sign in').click();
  await owner.heading('Notes').waitFor();
  await openSecurity(owner);
}

async function keepWhileAway() {
  await atGithub('down', { down: true });
  owner.faults.expect('502 DELETE /api/auth/github/connection');
  await card().getByRole('button', { name: 'Disconnect', exact: true }).click();
  await agree(owner, 'Disconnect GitHub?', 'Disconnect');
  await card().getByText('Nothing was disconnected: GitHub has to be told first.').waitFor();
  await atGithub('down', { down: false });
  await owner.list('Your GitHub account').getByText(login).waitFor();
}

async function disconnect() {
  assert.equal((await tokensOf(login)).length, 1);
  await removeConnection();
  assert.deepEqual(await tokensOf(login), []);
  await owner.page.reload();
  await card().getByRole('button', { name: 'Connect', exact: true }).waitFor();
}

/** `ward dev` lets anybody register, so its server has no reason to send this one. */
async function tellError() {
  await signOut(owner);
  await owner.page.goto('/#/sign-in?error=registration_closed');
  await owner.text('No account belongs to this GitHub account').waitFor();
  await owner.text('or ask for an invitation').waitFor();
  assert.equal(owner.page.url(), `${baseUrl}/`);
  await owner.button('Create an account').click();
  await owner.heading('Create an account').waitFor();
  assert.equal(await owner.text('No account belongs to this GitHub account').count(), 0);
}

/** What happens at GitHub without Ward. */
async function atGithub(what, values) {
  const response = await fetch(`${GITHUB}/walk/${what}`, { method: 'POST', body: new URLSearchParams(values) });
  assert.equal(response.status, 204);
}

async function tokensOf(name) {
  return (await fetch(`${GITHUB}/walk/tokens?login=${encodeURIComponent(name)}`)).json();
}
