import type { Access } from '../types';

/** Equal accesses within a minute, in the place of the newest. */
export interface Accesses extends Access {
  count: number;
}

/** `2026-11-21T18:04`: a minute is the finest the page tells. */
const MINUTE_LENGTH = 16;

/** One for all that look the same: a request can be written down once for each thing it opened. */
export function folded(accesses: readonly Access[]): Accesses[] {
  const found = new Map<string, Accesses>();
  for (const access of accesses) {
    const { at, action, actor } = access;
    const likeness = [at.slice(0, MINUTE_LENGTH), action, actor.kind, actor.role].join(' ');
    const first = found.get(likeness);
    if (first) first.count += 1;
    else found.set(likeness, { ...access, count: 1 });
  }
  return [...found.values()];
}
