/** What an API key may be allowed, named as in the API. No key changes its account. */
const SCOPES = [
  'storage:read',
  'storage:write',
  'files:read',
  'files:write',
  'chat:read',
  'chat:write',
  'usage:read',
  'account:read',
  'preferences:read',
  'preferences:write',
  'github:read',
  'github:write',
  'operators:read',
];
/** No key may do more than who makes it. */
const ADMINISTRATORS = ['users:read', 'users:write', 'operators:write'];

/** What someone of this role may allow a key. The server has the last word. */
export function scopesFor(role: string): string[] {
  return role === 'admin' ? [...SCOPES, ...ADMINISTRATORS] : SCOPES;
}
