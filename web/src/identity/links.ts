import type { CodeMethod, SecondFactor } from '../types';

/** What a link from a message, or the way back from GitHub, asks of the page. */
export type Link =
  { purpose: 'recover' | 'invitation'; token: string | null } | { purpose: 'second-factor'; challenge: SecondFactor };

const CODE_METHODS: readonly string[] = ['totp', 'backup_code', 'email', 'sms'] satisfies CodeMethod[];
/** Longer than any token Ward makes; what is longer is no token. */
const LONGEST_TOKEN = 2048;

/**
 * Reads a link out of the address's fragment, which no server ever sees. `token` is `null` where the link was cut, as
 * mail programs do to long lines. `null` where the fragment is no link at all.
 */
export function readLink(fragment: string): Link | null {
  const [path = '', query = ''] = fragment.replace(/^#\/?/, '').split('?', 2);
  const values = new URLSearchParams(query);
  if (path === 'recover' || path === 'invitation') return { purpose: path, token: token(values.get('token')) };
  if (path !== 'second-factor') return null;
  const challenge = token(values.get('challenge'));
  const methods = (values.get('methods') ?? '').split(',').filter((name) => CODE_METHODS.includes(name));
  const expires = values.get('expires_at') ?? '';
  if (challenge === null || methods.length === 0 || Number.isNaN(Date.parse(expires))) return null;
  return {
    purpose: 'second-factor',
    challenge: { challenge, methods: methods as CodeMethod[], expires_at: expires },
  };
}

/** What went wrong on the way to GitHub and back. */
export interface ReturnError {
  /** What was asked for: to sign in, or to connect GitHub to the account that is open. */
  place: 'sign-in' | 'security';
  /** The server's code. */
  code: string;
}

/** Reads what went wrong at GitHub out of the address's fragment; `null` where it tells of nothing. */
export function readError(fragment: string): ReturnError | null {
  const [path = '', query = ''] = fragment.replace(/^#\/?/, '').split('?', 2);
  const code = new URLSearchParams(query).get('error');
  if ((path !== 'sign-in' && path !== 'security') || code === null || !/^[a-z0-9_]{1,64}$/.test(code)) return null;
  return { place: path, code };
}

function token(value: string | null): string | null {
  return value !== null && value !== '' && value.length <= LONGEST_TOKEN ? value : null;
}
