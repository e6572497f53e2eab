/**
 * Where the API is, as the build was told by `WARD_API_URL`: another host of the same site, such as
 * `https://api.app.example`. Empty where the page's own host answers.
 */
const BASE: string = import.meta.env.WARD_API_URL ?? '';

/** The address of a path of the API: for requests, and for links that lead there. */
export function apiUrl(path: string): string {
  return BASE + path;
}

/** The session's cookie belongs to the API's host, and goes to another host only where a request says so. */
export const CREDENTIALS: RequestCredentials = BASE === '' ? 'same-origin' : 'include';

