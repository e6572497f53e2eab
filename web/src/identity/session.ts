import { reactive, readonly } from 'vue';

import { asProblem, auth, forgetCsrfToken, watchSession, type Problem } from '../api';
import type { SignedIn, User } from '../types';
import { signalAccount } from './signals';

type Phase = 'loading' | 'signed-out' | 'signed-in' | 'unreachable';

const state = reactive({
  phase: 'loading' as Phase,
  user: null as User | null,
  /** Why the sign-in screen is shown, where the person did not ask for it. */
  notice: null as string | null,
  /** A session was open on this page and has ended, so the page must not open another one unasked. */
  ended: false,
});

/** Who is signed in, and what the page shows for it. */
export const session = readonly(state);

/** Finds out whether the browser already has a session. */
export async function restore(): Promise<void> {
  state.phase = 'loading';
  try {
    state.user = await auth.me();
    state.phase = state.user ? 'signed-in' : 'signed-out';
  } catch {
    state.phase = 'unreachable';
  }
}

/** Opens the page for whoever has just signed in. */
export function enter({ user, signal }: SignedIn): void {
  Object.assign(state, { user, phase: 'signed-in', notice: null, ended: false });
  if (signal) void signalAccount(signal);
}

/** Ends the session on the server, then on the page. A session already over counts as ended. */
export async function leave(): Promise<void> {
  try {
    await auth.logout();
  } catch (fault) {
    const problem: Problem = asProblem(fault);
    if (problem.status !== 401) throw problem;
  }
  close(null);
}

/** Shows the sign-in screen with a word on why. */
export function close(notice: string | null): void {
  forgetCsrfToken();
  Object.assign(state, { user: null, phase: 'signed-out', notice, ended: true });
}

watchSession({
  ended() {
    if (state.phase === 'signed-in') close('Your session has ended. Sign in again to go on.');
  },
  async sameCaller() {
    const now = await auth.me();
    if (now?.id === state.user?.id) return true;
    // The page is drawn anew for whoever is signed in now.
    if (now) state.user = now;
    else close('Your session has ended. Sign in again to go on.');
    return false;
  },
});
