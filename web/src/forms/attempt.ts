import { ref, shallowRef } from 'vue';

import { DISMISSED, asProblem, type Problem } from '../api';
import { rememberFocus } from './focus';
import { hush } from './toast';

/**
 * Runs what a person asked for, one thing at a time, and keeps what went wrong for the page to show. What they dismissed
 * themselves is not shown.
 */
export function useAttempt() {
  const busy = ref(false);
  const problem = shallowRef<Problem | null>(null);

  /** Resolves to whether the action went through. */
  async function attempt(action: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false;
    const refocus = rememberFocus();
    busy.value = true;
    problem.value = null;
    try {
      await action();
      return true;
    } catch (fault) {
      if (fault !== DISMISSED) problem.value = asProblem(fault);
      hush();
      return false;
    } finally {
      busy.value = false;
      void refocus();
    }
  }

  return { busy, problem, attempt };
}

/** A value of the server's that a part of the page shows, read when it is first needed and again after changes. */
export function useLoaded<T>(load: () => Promise<T>) {
  const value = shallowRef<T | null>(null);
  const problem = shallowRef<Problem | null>(null);
  let latest = 0;

  async function reload(): Promise<void> {
    const mine = ++latest;
    try {
      const loaded = await load();
      if (mine !== latest) return;
      value.value = loaded;
      problem.value = null;
    } catch (fault) {
      if (mine === latest) problem.value = asProblem(fault);
    }
  }

  void reload();
  return { value, problem, reload };
}
