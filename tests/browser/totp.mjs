import { createHmac } from 'node:crypto';

const STEP_S = 30;
/** A code handed out is accepted for so long at least. */
const MARGIN_S = 10;

/** An authenticator app (RFC 6238: SHA-1, six digits) that never shows a code twice: each works once. */
export class AuthenticatorApp {
  #last = 0;

  constructor(secret) {
    this.key = base32(secret);
  }

  /** The oldest code that is not used up; the server takes those of the steps before and after its own as well. */
  async code() {
    const oldest = Math.floor((Date.now() / 1000 + MARGIN_S) / STEP_S) - 1;
    const step = Math.max(oldest, this.#last + 1);
    this.#last = step;
    const early = (step - 1) * STEP_S * 1000 - Date.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    return hotp(this.key, step);
  }
}

/** RFC 4226, section 5.3. */
export function hotp(key, counter) {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const digest = createHmac('sha1', key).update(message).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

function base32(text) {
  const bits = [...text.replace(/\s/g, '')].map((letter) => {
    const value = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter);
    if (value < 0) throw new Error(`${letter} is no letter of base 32`);
    return value.toString(2).padStart(5, '0');
  });
  return Buffer.from(bits.join('').match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}
