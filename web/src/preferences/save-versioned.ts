/** How often a change is tried again over someone else's before they are told. */
const TRIES = 3;

/** A document of one version, as read from the server. */
export interface OfVersion {
  etag: string;
}

/**
 * Sends a change of the version that was read. Where someone was quicker, reads what is there now and sends the same
 * change again: it names single values, so it takes nothing of theirs back.
 */
export async function saveVersioned<Document extends OfVersion>(
  read: Document,
  send: (etag: string) => Promise<Document>,
  reread: () => Promise<Document>,
  isConflict: (fault: unknown) => boolean,
): Promise<Document> {
  let base = read;
  for (let tried = 1; ; tried += 1) {
    try {
      return await send(base.etag);
    } catch (fault) {
      if (tried === TRIES || !isConflict(fault)) throw fault;
      base = await reread();
    }
  }
}
