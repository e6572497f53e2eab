import {
  WebAuthnAbortService,
  WebAuthnError,
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
  type AuthenticationResponseJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/browser';

import { Problem, auth } from '../api';
import type { CreationOptions, SignInAnswer, SignedIn } from '../types';
import { signalUnknown } from './signals';

/** Renews an open autofill offer in time: the server forgets its challenge after five minutes. */
const OFFER_LIFETIME_MS = 4 * 60_000;

/** Whether this browser can use passkeys at all. */
export const supported = browserSupportsWebAuthn();

/** Makes an account with a new passkey, and signs it in. */
export async function createAccount(username: string, displayName: string): Promise<SignedIn> {
  const optionsJSON = await auth.registrationOptions(username, displayName);
  return auth.registrationVerify(await make(optionsJSON));
}

/** Makes a passkey in the browser's own dialog. */
export async function make(optionsJSON: CreationOptions): Promise<RegistrationResponseJSON> {
  stopOffering();
  return startRegistration({ optionsJSON }).catch(explain);
}

/** Shows a passkey in the browser's own dialog. */
export async function show(optionsJSON: PublicKeyCredentialRequestOptionsJSON): Promise<AuthenticationResponseJSON> {
  stopOffering();
  return startAuthentication({ optionsJSON }).catch(explain);
}

/** Signs in with a passkey picked in the browser's own dialog. */
export async function signIn(): Promise<SignInAnswer> {
  stopOffering();
  const optionsJSON = await auth.authenticationOptions();
  return verify(optionsJSON, await show(optionsJSON));
}

let offer = 0;

/**
 * Offers passkeys in the autofill list of the username field until one is picked, another ceremony starts or
 * `stopOffering` is called. Resolves to `null` where nobody picked one, or where the browser has no such list.
 */
export async function offerInAutofill(): Promise<SignInAnswer | null> {
  const mine = ++offer;
  if (!(await browserSupportsWebAuthnAutofill())) return null;
  while (mine === offer) {
    const optionsJSON = await auth.authenticationOptions();
    if (mine !== offer) return null;
    const renewal = setTimeout(() => WebAuthnAbortService.cancelCeremony(), OFFER_LIFETIME_MS);
    try {
      const response = await startAuthentication({ optionsJSON, useBrowserAutofill: true });
      if (mine !== offer) return null;
      return await verify(optionsJSON, response);
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

async function verify(
  { rpId }: PublicKeyCredentialRequestOptionsJSON,
  response: AuthenticationResponseJSON,
): Promise<SignInAnswer> {
  try {
    return await auth.authenticationVerify(response);
  } catch (fault) {
    if (!(fault instanceof Problem) || fault.code !== 'passkey_unknown') throw fault;
    await signalUnknown(rpId, response.id);
    // What the server adds is meant for those who write pages.
    throw new Problem(fault.status, fault.code, fault.title, 'It was deleted here. Use another one, or your password.');
  }
}

/** Says in plain words what a browser's ceremony ended with. */
function explain(fault: unknown): never {
  if (fault instanceof WebAuthnError && fault.code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED') {
    throw new Problem(0, 'passkey_exists', 'This device already has a passkey here', 'Use that one instead.');
  }
  if (fault instanceof Error && fault.name === 'NotAllowedError') {
    throw new Problem(0, 'passkey_dismissed', 'No passkey was used', 'The request was dismissed or took too long.');
  }
  const detail = fault instanceof Error ? fault.message : null;
  throw new Problem(0, 'passkey_failed', 'The passkey could not be used', detail);
}
