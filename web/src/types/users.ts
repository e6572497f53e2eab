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

/** One user or few, by what is stored sealed: only exact matches are found. */
export type UserName = { username: string } | { email: string };

/** Which users, all of it together. */
export interface UserFilter {
  role?: string;
  status?: UserStatus;
  name?: UserName;
}

export interface Invitation {
  username: string;
  display_name: string;
  email: string;
  role: string;
}

/** Someone was invited. */
export interface Invited extends ManagedUser {
  /** The link to hand over, shown once; `null` where it went to their address. */
  invitation_url: string | null;
  invitation_expires_at: string;
}
