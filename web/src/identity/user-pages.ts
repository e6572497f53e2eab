import { users, useTurning } from '../api';
import type { ManagedUser, UserFilter } from '../types';

const PAGE_SIZE = 25;

/** The users that match a filter, a page at a time. */
export function useUserPages() {
  let filter: UserFilter = {};
  const { first, again, ...pages } = useTurning<ManagedUser>(async (cursor) => {
    const { name, ...rest } = filter;
    const page = await (name ? users.search({ ...name, ...rest }, cursor, PAGE_SIZE) : users.list(rest, cursor, PAGE_SIZE));
    return { items: page.users, next_cursor: page.next_cursor };
  });

  /** Shows the first page of what matches. */
  async function find(wanted: UserFilter): Promise<void> {
    // A search field reports Enter twice, and each look at the list is audited.
    if (pages.busy.value && JSON.stringify(wanted) === JSON.stringify(filter)) return;
    filter = wanted;
    await first();
  }

  return { ...pages, find, reload: again };
}
