import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { chromium } from 'playwright-core';

import { addAuthenticator } from './authenticator.mjs';
import { Faults } from './faults.mjs';
import { DESKTOP, Pictures } from './pictures.mjs';

const PATIENCE_MS = 15_000;
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--disable-gpu',
];

/** Headless Chromium, and the people at it: each has a browser profile of their own. */
export class World {
  people = [];

  constructor(browser, baseUrl, outputDir) {
    this.browser = browser;
    this.baseUrl = baseUrl;
    this.outputDir = outputDir;
  }

  static async open({ executablePath, baseUrl, outputDir }) {
    await mkdir(outputDir, { recursive: true });
    return new World(await chromium.launch({ executablePath, args: ARGUMENTS }), baseUrl, outputDir);
  }

  /** Somebody at a browser of their own, with a passkey authenticator in it, watched for faults. */
  async person(name) {
    const context = await this.browser.newContext({
      baseURL: this.baseUrl,
      viewport: DESKTOP,
      colorScheme: 'light',
      // Pictures would else catch colours halfway through a transition.
      reducedMotion: 'reduce',
      locale: 'en-US',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const cdp = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const person = new Person(name, page, {
      faults: await Faults.of(page),
      authenticator: await addAuthenticator(cdp, 'internal'),
      addSecurityKey: () => addAuthenticator(cdp, 'usb'),
      pictures: new Pictures(page, path.join(this.outputDir, name)),
    });
    this.people.push(person);
    return person;
  }

  close() {
    return this.browser.close();
  }
}

/** Somebody at the page, and how they find their way on it. */
class Person {
  /** The method and path of each API request so far. */
  requests = [];

  constructor(name, page, parts) {
    Object.assign(this, { name, page }, parts);
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith('/api/')) this.requests.push(`${request.method()} ${pathname}`);
    });
  }

  button = (name) => this.page.getByRole('button', { name, exact: true });
  heading = (name) => this.page.getByRole('heading', { name, exact: true });
  field = (label) => this.page.getByLabel(label, { exact: true });
  list = (name) => this.page.getByRole('list', { name, exact: true });
  /** A card of the settings, by its title. */
  card = (title) => this.page.getByRole('region', { name: title, exact: true });
  dialog = (title) => this.page.getByRole('dialog', { name: title, exact: true });
  text = (text) => this.page.getByText(text);

  async goTo(section) {
    const navigation = this.page.getByRole('navigation');
    await navigation.getByRole('link', { name: section, exact: true }).click();
    await navigation.locator('a[aria-current="page"]', { hasText: section }).waitFor();
  }

  /** The status of who is signed in: 200, or 401 for nobody. */
  statusOfMe() {
    return this.page.evaluate(async () => (await fetch('/api/auth/me')).status);
  }
}
