import type { Signal } from '../types';

/**
 * Tells the browser's passkey providers what the server knows (WebAuthn Level 3, Signal API), so that they stop offering
 * deleted passkeys and show current names. Nothing depends on it: an old browser has none, and a provider may refuse.
 */
export async function signalAccount(signal: Signal): Promise<void> {
  const { rp_id: rpId, user_id: userId, accepted_credential_ids: allAcceptedCredentialIds } = signal;
  await quietly(async () => {
    await api().signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds });
    await api().signalCurrentUserDetails?.({ rpId, userId, name: signal.name, displayName: signal.display_name });
  });
}

/** A passkey was offered that no account has. */
export async function signalUnknown(rpId: string | undefined, credentialId: string): Promise<void> {
  await quietly(() => api().signalUnknownCredential?.({ rpId: rpId ?? window.location.hostname, credentialId }));
}

function api(): Partial<typeof PublicKeyCredential> {
  return globalThis.PublicKeyCredential ?? {};
}

async function quietly(signal: () => Promise<void> | undefined): Promise<void> {
  try {
    await signal();
  } catch {
    // A provider that cannot be told keeps what it has.
  }
}
