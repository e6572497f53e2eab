import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/browser';

/** Ways into an account, and what each step of them answers. */

export interface User {
  id: string;
  username: string;
  display_name: string;
  role: string;
}

/** What this deployment offers to whoever is not signed in. */
export interface Methods {
  github: boolean;
  /** `address`: a new account needs an e-mail address or a phone number it can prove. */
  registration: 'open' | 'address' | 'closed';
  password_min: number;
  tokens: boolean;
  email: boolean;
  sms: boolean;
}

/** What an authenticator is told, so that it forgets deleted passkeys and shows current names. */
export interface Signal {
  rp_id: string;
  /** The user handle, base64url. */
  user_id: string;
  accepted_credential_ids: string[];
  name: string;
  display_name: string;
}

/** A session has begun. */
export interface SignedIn {
  user: User;
  csrf_token: string;
  signal?: Signal;
}

/** A code someone types: from an app, from the list kept for the worst case, or from a message. */
export type CodeMethod = 'totp' | 'backup_code' | 'email' | 'sms';
/** The methods whose codes are sent when asked for. */
export type SentMethod = 'email' | 'sms';

/** The first factor was right; one of the methods has to follow before `expires_at`. */
export interface SecondFactor {
  challenge: string;
  methods: CodeMethod[];
  expires_at: string;
}

/** What setting a new way in by a link comes to: nothing, or the second factor that still guards the account. */
export type RecoveryAnswer = undefined | { second_factor: { methods: CodeMethod[] } };

/** What a sign-in comes to. */
export type SignInAnswer = SignedIn | { second_factor: SecondFactor };

/** A code went to an address, which has to be given back with the challenge. */
export interface Verification {
  challenge: string;
  expires_at: string;
}

/** What a registration with a password comes to. */
export type RegistrationAnswer = SignedIn | { verification: Verification };

/** Who someone says they are: one of the three, told apart by its form. */
export type Identifier = { username: string } | { email: string } | { phone: string };

export type NewAccount = {
  username: string;
  display_name: string;
  password: string;
  email?: string;
  phone?: string;
};

/** Where a code went, with most of the address hidden. */
export interface CodeSent {
  sent_to: string;
  expires_at: string;
}

export type CreationOptions = PublicKeyCredentialCreationOptionsJSON;
