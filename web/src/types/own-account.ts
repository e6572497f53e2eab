/** What people see and decide of their own account. */

/** An account that is to be deleted. */
export interface Deletion {
  requested_at: string;
  /** From then on it can't be taken back. */
  due_at: string;
}

export type ActorKind = 'you' | 'administrator' | 'operator' | 'system';

export interface Actor {
  kind: ActorKind;
  /** The role of another user as it is now; `null` where there is none to tell. */
  role: string | null;
}

/** An access to one's own data. */
export interface Access {
  at: string;
  action: string;
  resource_type: string;
  actor: Actor;
}

export interface AccessPage {
  accesses: Access[];
  /** Where the next page begins; `null` on the last. A page may be empty and not the last. */
  next_cursor: string | null;
}

export interface Consent {
  id: string;
  purpose: string;
  version: string;
  text_sha256: string;
  locale: string | null;
  state: 'given' | 'withdrawn';
  at: string;
}
