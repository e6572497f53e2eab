import { DISMISSED, Problem } from '../api/problem';

/** What the server answers where a session is not fresh or not strong enough for a call. */
const WANTED = 'step_up_required';

/**
 * Makes calls that wait for a step-up where they need one, and are then repeated once.
 *
 * Calls that need one at the same time share it. `stepUp` resolves to whether the person went through with it; where
 * they did not, the calls fail as dismissed.
 */
export function repeatAfterStepUp(stepUp: () => Promise<boolean>) {
  let underWay: Promise<boolean> | null = null;

  return async function call<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (fault) {
      if (!(fault instanceof Problem) || fault.code !== WANTED) throw fault;
    }
    underWay ??= stepUp().finally(() => (underWay = null));
    if (!(await underWay)) throw DISMISSED;
    return attempt();
  };
}
