import { generateKeyPairSync, randomBytes } from 'node:crypto';

/**
 * A virtual authenticator that verifies its user without being touched. While it is present it answers any request at
 * once, an autofill offer included; a request it has ignored while absent stays unanswered.
 */
export async function addAuthenticator(cdp, transport) {
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return new Authenticator(cdp, authenticatorId);
}

class Authenticator {
  constructor(cdp, id) {
    this.cdp = cdp;
    this.id = id;
  }

  setPresent(enabled) {
    return this.cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: this.id, enabled });
  }

  async passkeys() {
    return (await this.cdp.send('WebAuthn.getCredentials', { authenticatorId: this.id })).credentials;
  }

  /** Puts a passkey into it as if it had always been there. */
  async add(credential) {
    await this.cdp.send('WebAuthn.addCredential', { authenticatorId: this.id, credential });
  }

  /** Takes a passkey out of it without anyone being told. */
  async remove({ credentialId }) {
    await this.cdp.send('WebAuthn.removeCredential', { authenticatorId: this.id, credentialId });
  }

  /** Resolves once its passkeys are as wanted; what the page tells a browser is done a little later. */
  async until(wanted, what) {
    const deadline = Date.now() + 5_000;
    for (;;) {
      const passkeys = await this.passkeys();
      if (wanted(passkeys)) return passkeys;
      if (Date.now() > deadline) throw new Error(`${what}; it holds ${JSON.stringify(passkeys.map(described))}`);
    }
  }
}

function described({ credentialId, userName, userDisplayName }) {
  return { credentialId, userName, userDisplayName };
}

/** A passkey that no account has. */
export function strangePasskey(rpId) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    credentialId: randomBytes(32).toString('base64'),
    isResidentCredential: true,
    rpId,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    userHandle: randomBytes(16).toString('base64'),
    signCount: 0,
  };
}
