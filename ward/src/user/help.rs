//! What `ward user --help` teaches.

/// About the command.
pub const ABOUT: &str = "\
Make users and change their roles from this machine, without an account: for the first administrator, and for when none
is left. Administrators who can sign in do the same on the page or by /api/users.

It needs the settings of the functions: DATABASE_URL (or DATABASE_SECRET_ID), KMS_KEY_ID or WARD_KEY_FILE, WARD_APP,
WARD_ENV, and WARD_ORIGINS, whose first is where links lead to. With REDIS_URL, too, a change is seen by a user's very next
request; without it by a running server within a minute. The database login has to be a member of the role ward_app.

Everything it does is in the audit log, with the nil user as the actor.

It exits with 0 when it is done, 1 when it was refused or failed, and 2 when it was not understood.";

/// How it is used.
pub const EXAMPLES: &str = "\
Examples:
  cargo ward user create --admin ada --env-file .ward/env
      The first administrator of a running `cargo ward dev`

  cargo ward user create grace --display-name 'Grace Hopper' --role auditor
      A user of another role

  cargo ward user list --role admin
      Who administers

  cargo ward user role grace admin
  cargo ward user disable ada
  cargo ward user link grace
      A new link for who has lost the first";

pub(super) const CREATE_EXAMPLES: &str = "\
The link alone goes to standard output. Whoever opens it makes a passkey or sets a password, and the account is theirs.

Examples:
  cargo ward user create --admin ada --display-name 'Ada Lovelace' --email ada@example.org
  cargo ward user create grace --role auditor | xargs xdg-open";

pub(super) const LIST_ABOUT: &str = "\
Show the users: id, username, role, status and display name, the oldest first.

Row-level security shows the functions' database login nobody's row but the one it serves. So this needs the login that
`ward migrate` has: a member of the role that owns the tables. Each user shown gets an audit row.";

pub(super) const ROLE_ABOUT: &str = "\
Give a user another role. A user who loses something by it is signed out everywhere. The last active administrator stays one.";

pub(super) const LINK_ABOUT: &str = "\
Print a new link into an account, in place of the earlier ones; it holds for an hour.

Where the user was invited it opens the account. Where the account is in use it is a recovery: the user sets a new password or
passkey, every session ends, and a second factor is still asked for.";

pub(super) const ERASE_ABOUT: &str = "\
Erase a user for good, at once: the data keys are shredded, so that nothing sealed opens, and every row of theirs is deleted.
There is no way back. What stays is a tombstone, with which a restored backup forgets the user again, and the audit log, which
names nobody.

Users ask for it themselves by DELETE /api/account, which leaves them some days to think better of it.";
