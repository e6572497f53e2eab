import { ref } from 'vue';

import { accessLog, useTurning } from '../api';
import { folded, type Accesses } from './access-fold';

/** Accesses of a page, before equal ones are folded. */
const PAGE_SIZE = 25;
/** Pages that are read at once for one that shows something: the server looks through so many rows for each. */
const MOST_READ = 20;

/** Who has looked at one's data, a page at a time. */
export function useAccessPages() {
  /** Whether one's own accesses are shown as well. */
  const mine = ref(false);
  const { first, again: _, ...pages } = useTurning<Accesses>(async (cursor) => {
    const actor = mine.value ? null : 'others';
    let page = await accessLog.list(actor, cursor, PAGE_SIZE);
    const accesses = [...page.accesses];
    // One request, such as an export, can fill pages with what folds into one row.
    for (let read = 1; folded(accesses).length < 2 && page.next_cursor !== null && read < MOST_READ; read += 1) {
      page = await accessLog.list(actor, page.next_cursor, PAGE_SIZE);
      accesses.push(...page.accesses);
    }
    return { items: folded(accesses), next_cursor: page.next_cursor };
  });
  return { ...pages, mine, reload: first };
}
