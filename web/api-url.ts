/**
 * What `WARD_API_URL` says, without a slash at its end; empty where nothing is set. Throws for what no path can follow: a
 * page that calls nowhere should not be built.
 */
export function apiBase(setting: string | undefined): string {
  if (!setting) return '';
  const wrong = new Error('WARD_API_URL is the URL of the API, such as https://api.app.example');
  if (!URL.canParse(setting)) throw wrong;
  const { protocol, username, search, hash, origin, pathname } = new URL(setting);
  if (!/^https?:$/.test(protocol) || username !== '' || search !== '' || hash !== '') throw wrong;
  return origin + pathname.replace(/\/+$/, '');
}
