import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/browser';

import type {
  CodeMethod,
  CodeSent,
  CreationOptions,
  Identifier,
  Methods,
  NewAccount,
  RecoveryAnswer,
  RegistrationAnswer,
  SentMethod,
  SignInAnswer,
  SignedIn,
  User,
} from '../types';
import { anonymous, ifSignedIn, request } from './transport';

export const auth = {
  methods: () => anonymous<Methods>('/api/auth/methods', undefined, 'GET'),
  /** Who is signed in; `null` for nobody. */
  me: async (): Promise<User | null> => (await ifSignedIn<{ user: User }>('/api/auth/me'))?.user ?? null,
  logout: () => request<void>('POST', '/api/auth/logout'),

  registrationOptions: (username: string, displayName: string) =>
    anonymous<CreationOptions>('/api/auth/passkeys/registration/options', { username, display_name: displayName }),
  registrationVerify: (response: RegistrationResponseJSON) =>
    anonymous<SignedIn>('/api/auth/passkeys/registration/verify', response),
  authenticationOptions: () =>
    anonymous<PublicKeyCredentialRequestOptionsJSON>('/api/auth/passkeys/authentication/options'),
  authenticationVerify: (response: AuthenticationResponseJSON) =>
    anonymous<SignInAnswer>('/api/auth/passkeys/authentication/verify', response),

  register: (account: NewAccount) => anonymous<RegistrationAnswer>('/api/auth/register', account),
  registerVerify: (challenge: string, code: string) =>
    anonymous<SignedIn>('/api/auth/register/verify', { challenge, code }),
  login: (who: Identifier, password: string) => anonymous<SignInAnswer>('/api/auth/login', { ...who, password }),

  sendCode: (challenge: string, method: SentMethod) =>
    anonymous<CodeSent>('/api/auth/second-factor/send', { challenge, method }),
  secondFactor: (challenge: string, method: CodeMethod, code: string, trustDevice: boolean) =>
    anonymous<SignInAnswer>('/api/auth/second-factor', { challenge, method, code, trust_device: trustDevice }),

  recover: (email: string) => anonymous<unknown>('/api/auth/recovery', { email }),
  recoveryOptions: (token: string) => anonymous<CreationOptions>('/api/auth/recovery/options', { token }),
  /** Sends the code of a second factor that the link does not stand in for. */
  sendRecoveryCode: (token: string, method: SentMethod) =>
    anonymous<CodeSent>('/api/auth/recovery/send', { token, method }),
  completeRecovery: (token: string, proof: RecoveryProof, factor: RecoveryFactor | null) =>
    anonymous<RecoveryAnswer>('/api/auth/recovery/complete', { token, ...proof, ...factor }),
};

/** What an account is opened with from now on. */
export type RecoveryProof = { new_password: string } | { credential: RegistrationResponseJSON };
export type RecoveryFactor = { method: CodeMethod; code: string };
