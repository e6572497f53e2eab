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

/** The code of what went wrong on the way back from GitHub, from the address's query. */
export function readError(query: string): string | null {
  const code = new URLSearchParams(query).get('error');
  return code !== null && /^[a-z0-9_]{1,64}$/.test(code) ? code : null;
}

function token(value: string | null): string | null {
  return value !== null && value !== '' && value.length <= LONGEST_TOKEN ? value : null;
}
