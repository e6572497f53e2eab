import { Problem } from '../api/problem';

/** What someone is told who comes back from GitHub without having got what they went for, by its code. */
const KNOWN: Record<string, [title: string, detail: string]> = {
  access_denied: ['GitHub was not allowed', 'Nothing has changed. Try again, and allow it on GitHub’s page.'],
  github_unknown: [
    'No account is connected to this GitHub account',
    'Sign in another way, then connect GitHub under Security.',
  ],
  github_taken: ['This GitHub account is connected to another account', 'Disconnect it there first.'],
  state_invalid: ['This attempt is over', 'Start again from this page.'],
  ceremony_expired: ['This attempt is over', 'Start again from this page.'],
};

export function githubProblem(code: string): Problem {
  const [title, detail] = KNOWN[code] ?? ['GitHub did not sign you in', `Try again, or use another way. (${code})`];
  return new Problem(0, code, title, detail);
}
