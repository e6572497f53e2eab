import type { CodeMethod, Factors } from '../types';

/** A way to show once more that one is oneself. */
export type StepUpMethod = 'passkey' | 'password' | CodeMethod;

/** What each method is called where one is chosen. */
export const METHOD_NAMES: Record<StepUpMethod, string> = {
  passkey: 'Passkey',
  password: 'Password',
  totp: 'Authenticator app',
  email: 'Code by e-mail',
  sms: 'Code by text message',
  backup_code: 'Backup code',
};

/** The methods of second factors, the strongest and quickest first. */
const CODES: readonly CodeMethod[] = ['totp', 'email', 'sms', 'backup_code'];

/** The methods in the order they are offered. */
export function inOrder(methods: readonly CodeMethod[]): CodeMethod[] {
  return CODES.filter((method) => methods.includes(method));
}

/**
 * How an account can step up. The server asks for the strongest level the account has, so codes by e-mail count only
 * where nothing is stronger than they are, and a password where there is nothing else; backup codes are for the day the
 * second factor is lost.
 */
export function stepUpMethods(factors: Factors, passkeysSupported: boolean): StepUpMethod[] {
  const stronger = factors.passkeys > 0 || factors.totp !== null || factors.sms !== null;
  const codes: StepUpMethod[] = CODES.filter((method) => has(factors, method) && !(method === 'email' && stronger));
  if (factors.passkeys > 0 && passkeysSupported) codes.unshift('passkey');
  return codes.length === 0 && factors.password && !stronger ? ['password'] : codes;
}

function has(factors: Factors, method: CodeMethod): boolean {
  return method === 'backup_code' ? factors.backup_codes_left > 0 : factors[method] !== null;
}
