import { Problem } from '../api/problem';
import type { ReturnError } from './links';

type Words = readonly [title: string, detail: string];

const AGAIN: Words = ['This attempt is over', 'Begin again on this page, in the same browser.'];
const CHANGED: Words = ['The account was changed just now', 'Begin again on this page.'];
const OURS: Words = ['Something went wrong on our side', 'Nothing has changed. Try again in a moment.'];

/** Codes that mean the same wherever they come. */
const ANYWHERE: Record<string, Words> = {
  access_denied: ['GitHub was not allowed', 'Nothing has changed. Try again, and allow it on GitHub’s page.'],
  account_changed: CHANGED,
  ceremony_expired: AGAIN,
  github_answer_invalid: ['GitHub’s answer makes no sense', 'Nothing has changed. Begin again on this page.'],
  github_not_configured: ['GitHub is not set up here', 'Use another way to sign in.'],
  github_rejected: AGAIN,
  github_taken: [
    'This GitHub account is connected to another account',
    'Sign in to that account and disconnect it there first, or use another GitHub account.',
  ],
  github_unavailable: ['GitHub gives no answer', 'Nothing has changed. Try again in a moment.'],
  internal: OURS,
  return_to_invalid: ['This link leads nowhere', 'Begin again on this page.'],
  unauthenticated: ['You were signed out meanwhile', 'Sign in, then connect GitHub once more under Security.'],
  unavailable: OURS,
};

/** Codes of a sign-in alone, or that mean something else there. */
const AT_SIGN_IN: Record<string, Words> = {
  account_disabled: ['This account is disabled', 'Ask an administrator to enable it.'],
  account_invited: ['This account is not open yet', 'Open it first, by the link in your invitation.'],
  github_ambiguous: [
    'The addresses of this GitHub account belong to several accounts',
    'Sign in to one of them another way, then connect GitHub under Security.',
  ],
  github_other_account: [
    'Your account is connected to another GitHub account',
    'Choose that one at GitHub, or sign in another way.',
  ],
  registration_closed: [
    'No account belongs to this GitHub account',
    'Sign in another way and connect GitHub under Security, or ask for an invitation.',
  ],
  sign_in_throttled: ['Too many failed attempts', 'Wait some minutes, or sign in another way.'],
};

const AT_SECURITY: Record<string, Words> = {
  github_other_account: [
    'Another GitHub account is connected already',
    'Disconnect that one first, or choose it at GitHub.',
  ],
};

/** What someone is told who comes back from GitHub without having got what they went for. */
export function githubProblem({ place, code }: ReturnError): Problem {
  const signsIn = place === 'sign-in';
  const words = (signsIn ? AT_SIGN_IN : AT_SECURITY)[code] ?? ANYWHERE[code];
  const [title, detail] = words ?? [
    signsIn ? 'GitHub did not sign you in' : 'GitHub was not connected',
    signsIn ? `Try again, or use another way. (${code})` : `Try again in a moment. (${code})`,
  ];
  return new Problem(0, code, title, detail);
}
