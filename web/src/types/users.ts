/** What an administrator sees of the users. */

export type UserStatus = 'invited' | 'active' | 'disabled';

export interface ManagedUser {
  id: string;
  username: string;
  display_name: string;
  role: string;
  status: UserStatus;
  created_at: string;
  updated_at: string;
}

export interface UserPage {
  users: ManagedUser[];
  /** Where the next page begins; `null` on the last. */
  next_cursor: string | null;
}

/** Exact matches all: names and addresses are stored sealed, so no part of one can be searched. */
export interface UserFilter {
  role?: string;
  status?: UserStatus;
  username?: string;
  email?: string;
}

export interface Invitation {
  username: string;
  display_name: string;
  email: string;
  role: string;
}
