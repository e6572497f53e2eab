import type { Identifier } from '../types';

export type IdentifierKind = 'username' | 'email' | 'phone';

/** E.164 has at most fifteen digits; no country's numbers have fewer than seven with its code. */
const PHONE = /^\+[1-9]\d{6,14}$/;
const EMAIL = /^[^\s@]+@[^\s@]+$/;
/** What people write between the digits of a phone number. */
const SEPARATORS = /[\s().\-/\u2010-\u2015]/g;

/** What a name typed into the one field of the sign-in is, told by its form. */
export function identifierKind(text: string): IdentifierKind {
  if (EMAIL.test(text.trim())) return 'email';
  return phoneNumber(text) === null ? 'username' : 'phone';
}

/** The typed name as the API takes it. */
export function identifier(text: string): Identifier {
  const kind = identifierKind(text);
  if (kind === 'phone') return { phone: phoneNumber(text) ?? text };
  return kind === 'email' ? { email: text.trim() } : { username: text.trim() };
}

/**
 * A phone number in E.164, or `null` where the text is none. It has to name its country, by `+` or `00`: without, the
 * same digits belong to someone else in the next country, and may as well be a username.
 */
export function phoneNumber(text: string): string | null {
  const digits = text.trim().replace(SEPARATORS, '').replace(/^00/, '+');
  return PHONE.test(digits) ? digits : null;
}

/** Digits that may be meant as a phone number whose country is missing. */
export function lacksCountryCode(text: string): boolean {
  return /^\d{6,14}$/.test(text.trim().replace(SEPARATORS, '')) && phoneNumber(text) === null;
}
