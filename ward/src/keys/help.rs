//! What `ward keys --help` teaches.

/// About the command.
pub const ABOUT: &str = "\
The data keys that everything is sealed under: one per user, wrapped by the keyring (KMS or a key file), and one of the
system's, which the blind indexes come from. docs/encryption.md has the runbooks.

It needs the settings of the functions: DATABASE_URL (or DATABASE_SECRET_ID) with the login that `ward migrate` has,
KMS_KEY_ID or WARD_KEY_FILE, WARD_APP and WARD_ENV.

No command reads or writes what is sealed, but reindex. Each can be stopped at any time and run again: it goes on with what
is left (rotate with --older-than 1). It exits with 0 when it is done, 1 when it was refused or failed, and 2 when it was not understood.";

/// How it is used.
pub const EXAMPLES: &str = "\
Examples:
  cargo ward keys status --env-file .ward/env
      How the keys of a running `cargo ward dev` stand

  cargo ward keys rotate --older-than 365
      The yearly rotation

  cargo ward keys rotate --user ada
      After a suspicion about one user's data

  cargo ward keys rewrap --to alias/ward-2027
      Away from a KMS key that is to be disabled";

pub(super) const STATUS_ABOUT: &str = "\
Show how many data keys there are by state and by what wraps them, which key makes the blind indexes, and how many users were
erased.

  active    seals and opens; each user has one
  retired   rotated: only opens
  revoked   out of use, until it is reinstated
  shredded  gone for good: its user was erased";

pub(super) const ROTATE_ABOUT: &str = "\
Make a new version of the data keys of all users and of the system, or of one user. It seals from now on; the versions
before it go on to open what they have sealed, so nothing is read or written anew.

To rotate the key inside KMS, turn on its yearly rotation: that needs nothing here.";

pub(super) const REWRAP_ABOUT: &str = "\
Wrap every data key anew: under another KMS key, or under KMS in place of a key file. What is sealed stays as it is. Within one
region KMS does it by ReEncrypt, and no data key leaves it; otherwise each is opened and wrapped here. Every new copy is
opened once before it takes the old one's place, and takes it only where that has not changed meanwhile.

Where KMS_SECOND_KEY_ID is set, keys without a second copy get theirs as well.

While it runs, functions have to be able to open both: name the old key in KMS_OLD_KEY_IDS.";

pub(super) const REWRAP_EXAMPLES: &str = "\
The order of things:
  1. Give the functions the new key: KMS_KEY_ID=new, KMS_OLD_KEY_IDS=old
  2. ward keys rewrap --to new
  3. ward keys status shows no key that the old one wraps
  4. ward keys verify opens every key by the new one alone
  5. Take the old key out of KMS_OLD_KEY_IDS, then disable it";

pub(super) const VERIFY_ABOUT: &str = "\
Open every data key by the current key of the settings (KMS_KEY_ID) alone, not by old ones, and its second copy by the second key.
`status` counts what the database says wrapped them; this asks the keys. Before an old key is disabled, it has to come out clean.";

pub(super) const REVOKE_ABOUT: &str = "\
Take a user's data keys out of use. Their data is refused with 403 key_revoked; nothing is lost, and `ward keys reinstate` puts
them back. Functions that run already follow within 5 minutes.

To let a user seal again while a version stays revoked, rotate: the new version is used from then on.";

pub(super) const REPLAY_ABOUT: &str = "\
After a restore: erase again everybody who was erased after the backup was made. The backup knows them, and their wrapped keys;
this shreds the keys and deletes the rows, as it was done the first time. Run it before the functions are let at the database.

The tombstones are read from a file, as `ward keys tombstones` prints them, or from the object store, where one is written for
every erasure.";

pub(super) const REPLAY_EXAMPLES: &str = "\
Examples:
  ward keys replay-tombstones
      How many there are to erase again, by the object store

  ward keys replay-tombstones --yes
      Erase them

  DATABASE_URL=...old... ward keys tombstones > tombstones.jsonl
  DATABASE_URL=...restored... ward keys replay-tombstones --yes tombstones.jsonl
      From the database that the restored one takes the place of";

pub(super) const REINDEX_ABOUT: &str = "\
Make the blind indexes anew under a new version of the system's key, which it makes itself where there is none: what usernames,
addresses, patient ids and key names are found by. For when the old key may have leaked: with it, whoever has the
database can try out names.

The functions go on meanwhile. They keep for 5 minutes what they know of the keys, so the command waits that long twice: until
all of them look for both indexes, and until all of them write the new one. Values in the key-value store are sealed anew,
since they are bound to their index.

What only compares MACs (tokens, codes) stays with the first version: nobody could make those anew. A user whose keys are revoked
has to be reinstated or erased before: what they are found by can't be read.";
