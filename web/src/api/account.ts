import type { PublicKeyCredentialRequestOptionsJSON, RegistrationResponseJSON } from '@simplewebauthn/browser';

import type {
  AddedPasskey,
  CodeMethod,
  CodeSent,
  Contact,
  ContactCode,
  ContactKind,
  CreationOptions,
  Enrolled,
  Factors,
  GithubConnection,
  Passkeys,
  SentMethod,
  StepUpProof,
  TotpSetup,
} from '../types';
import { request, requestOnce } from './transport';

export const accountPasskeys = {
  list: () => request<Passkeys>('GET', '/api/auth/passkeys'),
  options: () => request<CreationOptions>('POST', '/api/auth/passkeys/options'),
  add: (credential: RegistrationResponseJSON, name: string) =>
    request<AddedPasskey>('POST', '/api/auth/passkeys', { credential, name }),
  rename: (id: string, name: string) => request<unknown>('PATCH', `/api/auth/passkeys/${id}`, { name }),
  remove: (id: string) => request<void>('DELETE', `/api/auth/passkeys/${id}`),
};

export const password = {
  /** `current` is `null` where there is none yet: then a step-up stands for it. */
  set: (next: string, current: string | null) =>
    request<void>('PUT', '/api/auth/password', {
      new_password: next,
      ...(current === null ? {} : { current_password: current }),
    }),
  remove: () => request<void>('DELETE', '/api/auth/password'),
};

export const factors = {
  get: () => request<Factors>('GET', '/api/auth/factors'),
  beginTotp: () => request<TotpSetup>('POST', '/api/auth/factors/totp'),
  confirmTotp: (code: string) => request<Enrolled>('POST', '/api/auth/factors/totp/confirm', { code }),
  useCodes: (method: SentMethod) => request<Enrolled>('POST', '/api/auth/factors/codes', { method }),
  remove: (method: Exclude<CodeMethod, 'backup_code'>) => request<void>('DELETE', `/api/auth/factors/${method}`),
  newBackupCodes: () => request<{ backup_codes: string[] }>('POST', '/api/auth/factors/backup-codes'),
};

/** Nothing here asks for a step-up: it is one. */
export const stepUp = {
  factors: () => requestOnce<Factors>('GET', '/api/auth/factors'),
  options: () => requestOnce<PublicKeyCredentialRequestOptionsJSON>('POST', '/api/auth/step-up/options'),
  send: (method: SentMethod) => requestOnce<CodeSent>('POST', '/api/auth/step-up/send', { method }),
  prove: (proof: StepUpProof) => requestOnce<unknown>('POST', '/api/auth/step-up', proof),
};

export const contacts = {
  list: async () => (await request<{ contacts: Contact[] }>('GET', '/api/auth/contacts')).contacts,
  /** Also sends a code to it. */
  add: (kind: ContactKind, address: string) => request<ContactCode>('POST', '/api/auth/contacts', { kind, address }),
  send: (id: string) => request<ContactCode>('POST', `/api/auth/contacts/${id}/send`),
  verify: (id: string, code: string) => request<void>('POST', `/api/auth/contacts/${id}/verify`, { code }),
  remove: (id: string) => request<void>('DELETE', `/api/auth/contacts/${id}`),
};

export const github = {
  connection: () => request<GithubConnection>('GET', '/api/auth/github/connection'),
  /** Begins to connect, or to renew the connection: the page goes on at `url`, and comes back to the path. */
  connect: (returnTo: string) => request<{ url: string }>('POST', '/api/auth/github/connect', { return_to: returnTo }),
  disconnect: () => request<void>('DELETE', '/api/auth/github/connection'),
};
