import type { AuthenticationResponseJSON } from '@simplewebauthn/browser';

import type { CodeMethod, Signal } from './sign-in';

/** What guards a signed-in account. */

export interface Passkey {
  id: string;
  name: string | null;
  /** Base64url, as the browser has it. */
  credential_id: string;
  created_at: string;
  last_used_at: string | null;
  /** It may be copied to the person's other devices. */
  backup_eligible: boolean;
  /** It has been. */
  backup_state: boolean;
}

export interface Passkeys {
  passkeys: Passkey[];
  signal: Signal;
}

export interface AddedPasskey {
  id: string;
  /** The session was opened by a password alone, which is no longer enough: it is over. */
  session_ended: boolean;
}

export interface Factor {
  confirmed_at: string;
  last_used_at: string | null;
}

export interface Factors {
  totp: Factor | null;
  email: Factor | null;
  sms: Factor | null;
  backup_codes_left: number;
  passkeys: number;
  password: boolean;
  /** The account's role needs a second factor. */
  required: boolean;
}

/** An authenticator app being set up: what it scans, or what is typed into it. */
export interface TotpSetup {
  /** Base32. */
  secret: string;
  uri: string;
  qr_svg: string;
}

/** A factor counts from now on. Its backup codes are shown once: afterwards only their hashes exist. */
export interface Enrolled {
  backup_codes?: string[];
}

/** How someone shows once more that it is them. */
export type StepUpProof =
  | { method: 'passkey'; credential: AuthenticationResponseJSON }
  | { method: 'password'; password: string }
  | { method: CodeMethod; code: string };

export type ContactKind = 'email' | 'phone';

export interface Contact {
  id: string;
  kind: ContactKind;
  address: string;
  verified_at: string | null;
  created_at: string;
}

/** A code is on its way to an address. */
export interface ContactCode {
  id: string;
  expires_at: string;
}

export type GithubConnection = { connected: false } | ConnectedGithub;

export interface ConnectedGithub {
  connected: true;
  /** GitHub has ended it: only connecting anew helps. */
  needs_reconnect: boolean;
  login: string;
  scopes: string[];
  connected_at: string;
  last_used_at?: string;
  /** Then it ends, if it is not used before; missing where it does not end by itself. */
  expires_at?: string;
}

export interface Session {
  id: string;
  current: boolean;
  kind: 'cookie' | 'bearer';
  device: string | null;
  created_at: string;
  last_seen_at: string;
  expires_at: string;
  assurance: 'aal1' | 'aal2';
  /** As RFC 8176 names them where it does. */
  methods: string[];
}

export interface Device {
  id: string;
  name: string;
  current: boolean;
  /** Until then this device is not asked for a second factor. */
  trusted_until: string | null;
  first_seen_at: string;
  last_seen_at: string;
}

export interface ApiKey {
  id: string;
  name: string;
  /** Its first characters. */
  hint: string;
  scopes: string[];
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
}

export interface NewApiKey extends ApiKey {
  /** Shown once. */
  key: string;
}

export interface Preferences {
  theme: 'system' | 'light' | 'dark';
  /** A BCP 47 tag; `null` for the browser's. */
  language: string | null;
  /** An IANA name; `null` for the device's. */
  time_zone: string | null;
}
