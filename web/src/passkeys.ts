import {
  WebAuthnAbortService,
  WebAuthnError,
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';

import { Problem, auth } from './api';
import type { SignedIn } from './types';

/** Renews an open autofill offer in time: the server forgets its challenge after five minutes. */
const OFFER_LIFETIME_MS = 4 * 60_000;

/** Whether this browser can use passkeys at all. */
export const supported = browserSupportsWebAuthn();

/** Makes an account with a new passkey, and signs it in. */
export async function create(username: string, displayName: string): Promise<SignedIn> {
  stopOffering();
  const optionsJSON = await auth.registrationOptions(username, displayName);
  const response = await startRegistration({ optionsJSON }).catch(explain);
  return auth.registrationVerify(response);
}

/** Signs in with a passkey picked in the browser's own dialog. */
export async function signIn(): Promise<SignedIn> {
  stopOffering();
  const optionsJSON = await auth.authenticationOptions();
  const response = await startAuthentication({ optionsJSON }).catch(explain);
  return auth.authenticationVerify(response);
}

let offer = 0;

/**
 * Offers passkeys in the autofill list of the username field until one is picked, another ceremony starts or
 * `stopOffering` is called. Resolves to `null` where nobody picked one, or where the browser has no such list.
 */
export async function offerInAutofill(): Promise<SignedIn | null> {
  const mine = ++offer;
  if (!(await browserSupportsWebAuthnAutofill())) return null;
  while (mine === offer) {
    const optionsJSON = await auth.authenticationOptions();
    if (mine !== offer) return null;
    const renewal = setTimeout(() => WebAuthnAbortService.cancelCeremony(), OFFER_LIFETIME_MS);
    try {
      const response = await startAuthentication({ optionsJSON, useBrowserAutofill: true });
      if (mine !== offer) return null;
      return await auth.authenticationVerify(response);
    } catch (fault) {
      if (fault instanceof Problem) throw fault;
      // Our own renewal is the one reason to offer again; anything else would fail again at once.
      if (!(fault instanceof WebAuthnError && fault.code === 'ERROR_CEREMONY_ABORTED')) return null;
    } finally {
      clearTimeout(renewal);
    }
  }
  return null;
}

/** Takes the passkeys out of the autofill list. */
export function stopOffering(): void {
  offer += 1;
  WebAuthnAbortService.cancelCeremony();
}

/** Says in plain words what a browser's ceremony ended with. */
function explain(fault: unknown): never {
  if (fault instanceof WebAuthnError && fault.code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED') {
    throw new Problem(0, 'passkey_exists', 'This device already has a passkey here', 'Sign in with it instead.');
  }
  if (fault instanceof Error && fault.name === 'NotAllowedError') {
    throw new Problem(0, 'passkey_dismissed', 'No passkey was used', 'The request was dismissed or took too long.');
  }
  const detail = fault instanceof Error ? fault.message : null;
  throw new Problem(0, 'passkey_failed', 'The passkey could not be used', detail);
}
