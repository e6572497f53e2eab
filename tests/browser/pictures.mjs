import assert from 'node:assert/strict';
import path from 'node:path';

export const DESKTOP = { width: 1280, height: 800 };
/** Holds the longest page whole. */
const TALL = { width: 1280, height: 1800 };
const PHONE = { width: 390, height: 844 };
/** The narrowest screen the page is made for, in CSS pixels. */
const NARROWEST = 360;

/** Numbered screenshots of a page. */
export class Pictures {
  #taken = 0;

  constructor(page, outputDir) {
    this.page = page;
    this.outputDir = outputDir;
  }

  /** `at` is what has to be seen; else it is where the page is. */
  async take(name, at) {
    await at?.scrollIntoViewIfNeeded();
    this.#taken += 1;
    const file = `${String(this.#taken).padStart(2, '0')}-${name}.png`;
    await this.page.screenshot({ path: path.join(this.outputDir, file) });
  }

  async takeDark(name, at) {
    await this.page.emulateMedia({ colorScheme: 'dark' });
    await this.take(`${name}-dark`, at);
    await this.page.emulateMedia({ colorScheme: 'light' });
  }

  /** On a phone's screen; also fails where the page is wider than the narrowest screen. */
  async takeNarrow(name, at) {
    await this.page.setViewportSize({ ...PHONE, width: NARROWEST });
    // What scrolls by itself hides its width from the page.
    const width = await this.page.evaluate(() => {
      const parts = [...document.querySelectorAll('html, main, main > *, dialog[open]')];
      return Math.max(...parts.map((part) => part.getBoundingClientRect().left + part.scrollWidth));
    });
    assert.ok(width <= NARROWEST, `${name} is ${width} px wide on a screen of ${NARROWEST} px`);
    await this.page.setViewportSize(PHONE);
    await this.take(`${name}-narrow`, at);
    await this.page.setViewportSize(DESKTOP);
  }

  async takeWhole(name) {
    await this.page.setViewportSize(TALL);
    await this.take(`${name}-whole`);
    await this.page.setViewportSize(DESKTOP);
  }

  async takeAll(name, at) {
    await this.take(name, at);
    await this.takeDark(name, at);
    await this.takeNarrow(name, at);
  }
}
