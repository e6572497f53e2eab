import { ref, shallowRef } from 'vue';

import type { Page } from './pages';
import { asProblem, type Problem } from './problem';

type Cursor = string | null;

/** A list shown a page at a time, forward and back. What was asked for last is what is shown. */
export function useTurning<T>(read: (cursor: Cursor) => Promise<Page & { items: T[] }>) {
  const busy = ref(false);
  const problem = shallowRef<Problem | null>(null);
  const shown = shallowRef<T[] | null>(null);
  /** Where each page up to the shown one begins; the first begins at no cursor. */
  const cursors = shallowRef<Cursor[]>([null]);
  const next = ref<Cursor>(null);
  let latest = 0;

  async function turn(path: Cursor[]): Promise<void> {
    const asked = ++latest;
    busy.value = true;
    problem.value = null;
    try {
      const page = await read(path.at(-1) ?? null);
      if (asked !== latest) return;
      shown.value = page.items;
      next.value = page.next_cursor;
      cursors.value = path;
    } catch (fault) {
      if (asked === latest) problem.value = asProblem(fault);
    } finally {
      if (asked === latest) busy.value = false;
    }
  }

  return {
    busy,
    problem,
    shown,
    cursors,
    next,
    first: () => turn([null]),
    again: () => turn(cursors.value),
    forward: () => turn([...cursors.value, next.value]),
    back: () => turn(cursors.value.slice(0, -1)),
  };
}
