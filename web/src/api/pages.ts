/** A page of a list. One that is short, or empty, is not the last while it says where the next begins. */
export interface Page {
  next_cursor: string | null;
}

/** Every page of a list, one after the other. */
export async function allPages<P extends Page>(read: (cursor: string | null) => Promise<P>): Promise<P[]> {
  const pages: P[] = [];
  let cursor: string | null = null;
  do {
    const page: P = await read(cursor);
    pages.push(page);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return pages;
}
