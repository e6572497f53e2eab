import assert from 'node:assert/strict';

/** Refusals that are proper wherever they come: nobody is signed in. */
const ALWAYS_PROPER = ['401 GET /api/auth/me'];
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/**
 * What a page did wrong: console errors, thrown errors, violations of its content security policy, and requests that
 * were refused though nobody expected it.
 */
export class Faults {
  #found = [];
  #refused = [];
  #expected = [];

  static async of(page) {
    const faults = new Faults();
    page.on('console', (message) => {
      // Refusals are told apart by their requests.
      if (message.type() !== 'error' || message.text().startsWith('Failed to load resource: the server')) return;
      faults.#found.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => faults.#found.push(`thrown: ${error.message}`));
    page.on('response', (response) => {
      if (response.status() < 400) return;
      const path = new URL(response.url()).pathname.replaceAll(ID, '{id}');
      faults.#refused.push(`${response.status()} ${response.request().method()} ${path}`);
    });
    await page.exposeFunction('reportViolation', (text) => faults.#found.push(`content security policy: ${text}`));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        window.reportViolation(`${event.violatedDirective} blocked ${event.blockedURI}`);
      });
    });
    return faults;
  }

  /** Says which refusals the step is about, as in `401 POST /api/auth/login`: each has to come. */
  expect(...refusals) {
    this.#expected.push(...refusals);
  }

  /** Fails unless all that was refused so far was expected, and nothing else went wrong; then begins anew. */
  check(name) {
    const refused = this.#refused.filter((refusal) => !ALWAYS_PROPER.includes(refusal));
    assert.deepEqual(this.#found, [], `the page of ${name} reported faults`);
    assert.deepEqual([...new Set(refused)].sort(), [...this.#expected].sort(), `what was refused to ${name}`);
    this.#refused = [];
    this.#expected = [];
  }

  get all() {
    return [...this.#found, ...this.#refused];
  }
}
