import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { chromium } from 'playwright-core';

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
/** The narrowest screen the page is made for, in CSS pixels. */
const NARROWEST = 360;
const PATIENCE_MS = 15_000;

/** A page of its own in headless Chromium, with a passkey authenticator, watched for faults. */
export async function openPage({ executablePath, baseUrl, outputDir }) {
  await mkdir(outputDir, { recursive: true });
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--disable-quic',
      '--disable-gpu',
    ],
  });
  const context = await browser.newContext({
    baseURL: baseUrl,
    viewport: DESKTOP,
    colorScheme: 'light',
    // Pictures would else catch colours halfway through a transition.
    reducedMotion: 'reduce',
    locale: 'en-US',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  return {
    browser,
    page,
    faults: await watchFaults(page),
    requests: watchRequests(page),
    authenticator: await addAuthenticator(page),
    pictures: new Pictures(page, outputDir),
  };
}

/** What the page did wrong so far: console errors, thrown errors and violations of its content security policy. */
async function watchFaults(page) {
  const faults = [];
  page.on('console', (message) => {
    if (message.type() !== 'error' || isSignedOutAnswer(message)) return;
    faults.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => faults.push(`thrown: ${error.message}`));
  await page.exposeFunction('reportViolation', (text) => faults.push(`content security policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(`${event.violatedDirective} blocked ${event.blockedURI}`);
    });
  });
  return faults;
}

/** Chromium reports any 4xx as an error; that nobody is signed in is this one's proper answer. */
function isSignedOutAnswer(message) {
  return message.location().url.endsWith('/api/auth/me') && message.text().includes('status of 401');
}

/** The method and path of each API request so far. */
function watchRequests(page) {
  const requests = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/api/')) requests.push(`${request.method()} ${pathname}`);
  });
  return requests;
}

/**
 * A built-in authenticator that verifies its user without being touched. While it is `present` it answers any request at
 * once, an autofill offer included; a request it has ignored while absent stays unanswered.
 */
async function addAuthenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    setPresent: (enabled) => session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled }),
    async passkeys() {
      return (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
    },
  };
}

/** Numbered screenshots of the page. */
class Pictures {
  #taken = 0;

  constructor(page, outputDir) {
    this.page = page;
    this.outputDir = outputDir;
  }

  async take(name) {
    this.#taken += 1;
    const file = `${String(this.#taken).padStart(2, '0')}-${name}.png`;
    await this.page.screenshot({ path: path.join(this.outputDir, file) });
  }

  async takeDark(name) {
    await this.page.emulateMedia({ colorScheme: 'dark' });
    await this.take(`${name}-dark`);
    await this.page.emulateMedia({ colorScheme: 'light' });
  }

  /** On a phone's screen; also fails where the page is wider than the narrowest screen. */
  async takeNarrow(name) {
    await this.page.setViewportSize({ ...PHONE, width: NARROWEST });
    const width = await this.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= NARROWEST, `${name} is ${width} px wide on a screen of ${NARROWEST} px`);
    await this.page.setViewportSize(PHONE);
    await this.take(`${name}-narrow`);
    await this.page.setViewportSize(DESKTOP);
  }
}
