/** How someone was authenticated, by the names of RFC 8176 and Ward's own beside them. */
const METHODS: Record<string, string | null> = {
  hwk: 'passkey',
  swk: 'passkey',
  pop: 'passkey',
  passkey: 'passkey',
  pwd: 'password',
  password: 'password',
  otp: 'app code',
  totp: 'app code',
  sms: 'text message',
  email: 'e-mail code',
  backup_code: 'backup code',
  fed: 'GitHub',
  github: 'GitHub',
  // They tell nothing that the others do not.
  mfa: null,
  user: null,
};

/** `passkey`, `password and app code`; empty where nothing is known. */
export function signedInBy(methods: readonly string[]): string {
  const words = methods.map((method) => (method in METHODS ? METHODS[method] : method)).filter((word) => word != null);
  return [...new Set(words)].join(' and ');
}
