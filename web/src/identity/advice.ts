import { plural } from '../format';
import type { Factors } from '../types';

/** With this many backup codes or fewer it is time for new ones. */
const FEW_BACKUP_CODES = 3;

/** What an account should do for its safety, the most urgent first; nothing where it is well guarded. */
export function advice(factors: Factors): string[] {
  const second = hasSecondFactor(factors);
  const found: string[] = [];
  if (isShut(factors)) {
    found.push('Your role needs a second factor or a passkey. Set one up now.');
  } else if (factors.password && !second) {
    found.push('Your password alone opens the account. Set up a second factor.');
  }
  if (factors.passkeys === 0) found.push('Add a passkey. It is quicker than a password and can’t be phished.');
  if (factors.passkeys === 1 && !factors.password) {
    found.push('One passkey is your only way in. Add another on a second device, or set a password.');
  }
  if (second && factors.backup_codes_left <= FEW_BACKUP_CODES) {
    found.push(
      factors.backup_codes_left === 0
        ? 'You have no backup codes. Make some, in case you lose your second factor.'
        : `${plural(factors.backup_codes_left, 'backup code')} left. Make new ones before they run out.`,
    );
  }
  return found;
}

/** Whether all but Security is shut until the account has what its role needs. */
export function isShut(factors: Factors): boolean {
  return factors.required && !hasSecondFactor(factors) && factors.passkeys === 0;
}

/** Whether a password is followed by a second step. */
export function hasSecondFactor(factors: Factors): boolean {
  return factors.totp !== null || factors.email !== null || factors.sms !== null;
}
