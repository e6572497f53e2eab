//! Keys while their blind indexes are made anew: two are live then, and a key stands under one of them.
//!
//! What is sealed is bound to the index, so that a key that goes to another has to be sealed anew, version by version. Who
//! reads looks under both and never minds. Who changes something says under which it is to happen; where the database
//! answers that a key stands under the other one it is moved first. A key only ever goes to the newer index, so that
//! whoever walks along the indexes misses none.

use shared::Platform;
use shared::data::Statements;
use shared::http::Problem;
use shared::identity::Caller;
use shared::vault::BlindIndex;
use uuid::Uuid;

use super::hexadecimal;
use super::place::{self, entry, field};
use crate::App;
use crate::model::Key;
use crate::store::places::{self, Moved};

/// How often a change is tried: another function may write under the old index for some minutes.
const TRIES: u32 = 8;

/// The keys of a change, and the indexes it is to happen under.
pub(super) struct Places<'a> {
    keys: Vec<&'a Key>,
    indexes: Vec<BlindIndex>,
    tries_left: u32,
}

impl<'a> Places<'a> {
    /// Under their current indexes.
    pub(super) async fn of(app: &App, caller: &Caller, keys: Vec<&'a Key>) -> Result<Self, Problem> {
        let indexes = place::indexes(app, caller, &keys).await?;
        Ok(Self { keys, indexes, tries_left: TRIES })
    }

    pub(super) fn indexes(&self) -> &[BlindIndex] {
        &self.indexes
    }

    /// The only one.
    pub(super) fn index(&self) -> Result<BlindIndex, Problem> {
        self.indexes.first().copied().ok_or_else(|| Problem::internal("a change of no key"))
    }

    /// Brings each key under one index, after a change that found one under the other.
    pub(super) async fn settle(&mut self, app: &App, caller: &Caller) -> Result<(), Problem> {
        self.tries_left = self.tries_left.checked_sub(1).ok_or_else(Problem::unavailable)?;
        let (platform, owner) = (&app.platform, caller.user_id());
        let newest: Vec<BlindIndex> = self.indexes.iter().map(|index| index.newest_first()).collect();
        let scope = platform.db.scoped(entry(app, caller, "storage.reindex", &newest));
        let wanted: Vec<&[u8]> = newest.iter().map(BlindIndex::as_bytes).collect();
        let used = places::used(&scope, owner, &wanted).await?;
        for ((key, index), newest) in self.keys.iter().zip(&mut self.indexes).zip(newest) {
            // Where the old index is the current one, others may not know the new one's current yet: it stays.
            if *index == newest || used.iter().any(|used| used == newest.as_bytes()) {
                *index = newest;
                if let Some(old) = newest.other() {
                    renew(platform, &scope, owner, old, newest.as_bytes(), key.as_str()).await?;
                }
            }
        }
        Ok(())
    }
}

/// Seals all versions of a key for another of its indexes, the former ones first, and puts them there, one after the
/// other: each may be megabytes long. What another does meanwhile is seen by the next look.
pub(crate) async fn renew(
    platform: &Platform,
    on: &impl Statements,
    owner: Uuid,
    from: &[u8],
    to: &[u8],
    name: &str,
) -> Result<(), Problem> {
    let (old_row, row) = (hexadecimal(from), hexadecimal(to));
    while let Some((version, sealed)) = places::next(on, owner, from).await? {
        let value = platform.vault.open_any(&platform.db, owner, &field("encrypted_data", &old_row), &sealed).await?;
        let key = platform.vault.owner_key(&platform.db, owner).await?;
        let moved = Moved {
            owner,
            from,
            to,
            version,
            name: key.seal(&field("key_name", &row), name.as_bytes())?,
            data: key.seal(&field("encrypted_data", &row), &value)?,
        };
        places::put(on, &moved).await?;
    }
    Ok(())
}
