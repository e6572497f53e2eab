import { ref, shallowRef } from 'vue';

import { asProblem, users, type Problem } from '../api';
import type { ManagedUser, UserFilter, UserPage } from '../types';

const PAGE_SIZE = 25;
type Cursor = string | null;

/** The users that match a filter, a page at a time. The last thing asked for is what is shown. */
export function useUserPages() {
  const busy = ref(false);
  const problem = shallowRef<Problem | null>(null);
  const shown = shallowRef<ManagedUser[] | null>(null);
  /** Where each page up to the shown one begins; the first begins at no cursor. */
  const cursors = shallowRef<Cursor[]>([null]);
  const next = ref<Cursor>(null);
  let filter: UserFilter = {};
  let latest = 0;

  async function read(path: Cursor[]): Promise<void> {
    const mine = ++latest;
    busy.value = true;
    problem.value = null;
    try {
      const page = await readPage(filter, path.at(-1) ?? null);
      if (mine !== latest) return;
      shown.value = page.users;
      next.value = page.next_cursor;
      cursors.value = path;
    } catch (fault) {
      if (mine === latest) problem.value = asProblem(fault);
    } finally {
      if (mine === latest) busy.value = false;
    }
  }

  /** Shows the first page of what matches. */
  async function find(wanted: UserFilter): Promise<void> {
    // A search field reports Enter twice, and each look at the list is audited.
    if (busy.value && JSON.stringify(wanted) === JSON.stringify(filter)) return;
    filter = wanted;
    await read([null]);
  }

  return {
    busy,
    problem,
    shown,
    cursors,
    next,
    find,
    reload: () => read(cursors.value),
    forward: () => read([...cursors.value, next.value]),
    back: () => read(cursors.value.slice(0, -1)),
  };
}

/** Who has a name is looked up by it alone; what else is asked of them is checked here. */
async function readPage({ name, ...rest }: UserFilter, cursor: Cursor): Promise<UserPage> {
  if (!name) return users.list(rest, cursor, PAGE_SIZE);
  const { users: found } = await users.search(name);
  const fits = (user: ManagedUser) =>
    user.role === (rest.role ?? user.role) && user.status === (rest.status ?? user.status);
  return { users: found.filter(fits), next_cursor: null };
}
