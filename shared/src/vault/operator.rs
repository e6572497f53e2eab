//! What an operator does with data keys: rotate, wrap anew, revoke, count. Behind `ward keys`.

use jiff::Timestamp;
use uuid::Uuid;

use super::keyring::{Keyring, WrappedKey, Wrappings};
use super::{KeyContext, Vault, VaultError, operator_store as store};
use crate::data::Db;
use crate::identity::RequestMeta;
use crate::ledger::AuditEntry;

pub use super::operator_store::KeyCount;

/// The vault in an operator's hands, on a database login that row-level security does not bind.
pub struct KeyOperator<'a> {
    vault: &'a Vault,
    db: &'a Db,
    request: RequestMeta,
}

/// How the data keys stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// Versions by state and by who wrapped them.
    pub counts: Vec<KeyCount>,
    /// Which versions of the system's key make blind indexes: the version and its state.
    pub indexes: Vec<(i16, String)>,
    /// Users that were erased.
    pub tombstones: i64,
}

/// What became of one wrapped key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewrapped {
    /// It has new copies.
    Done,
    /// Another has changed it meanwhile: the next pass finds it again.
    Overtaken,
}

impl<'a> KeyOperator<'a> {
    /// With `db` of a login that may act as the tables' owner ([`Db::operator`]).
    pub fn new(vault: &'a Vault, db: &'a Db, request: RequestMeta) -> Self {
        Self { vault, db, request }
    }

    /// Whether the login sees everybody's keys.
    pub async fn sees_all(&self) -> Result<bool, VaultError> {
        Ok(store::owns_the_tables(self.db).await?)
    }

    /// How the data keys stand.
    pub async fn status(&self) -> Result<KeyStatus, VaultError> {
        Ok(KeyStatus {
            counts: store::counts(self.db).await?,
            indexes: store::index_keys(self.db).await?,
            tombstones: store::tombstones(self.db).await?,
        })
    }

    /// A page of subjects whose newest key was made before `made_before`: after this one, in their order.
    pub async fn to_rotate(
        &self,
        made_before: Timestamp,
        after: Option<Uuid>,
        most: i64,
    ) -> Result<Vec<Uuid>, VaultError> {
        Ok(store::to_rotate(self.db, made_before, after, most).await?)
    }

    /// How many subjects that are.
    pub async fn how_many_to_rotate(&self, made_before: Timestamp) -> Result<i64, VaultError> {
        Ok(store::how_many_to_rotate(self.db, made_before).await?)
    }

    /// Makes a new version of the subject's key, which seals from now on; those before it only open. Functions that run
    /// already follow within 300 s. Gives the new version; of two who rotate at once, both get the same.
    ///
    /// # Errors
    /// [`VaultError::Rejected`] where the subject has no key, [`VaultError::Revoked`] where it was shredded.
    pub async fn rotate(&self, subject: Uuid, now: Timestamp) -> Result<u32, VaultError> {
        let newest = super::store::newest(self.db, subject).await?.ok_or(VaultError::Rejected)?;
        if store::is_shredded(self.db, subject).await? {
            return Err(VaultError::Revoked);
        }
        let version = newest.version + 1;
        let context = self.vault.key_context(subject, version);
        let (_, copies) = self.vault.0.keyrings.generate(&context).await?;
        let mut connection = self.db.connection().await?;
        let transaction = connection.begin(&self.entry(subject, "key.rotate", version, now)).await?;
        super::store::insert(&transaction, subject, version, &copies, now).await?;
        store::retire_before(&transaction, subject, version).await?;
        transaction.commit().await?;
        Ok(version)
    }

    /// How many wrapped keys are not as `target` and the second keyring would have them.
    pub async fn how_many_to_rewrap(&self, target: &str) -> Result<i64, VaultError> {
        let second = self.second_id().await?;
        Ok(store::how_many_to_rewrap(self.db, target, second.as_deref()).await?)
    }

    /// A page of wrapped keys that are not as `target` and the second keyring would have them, after this one.
    pub async fn to_rewrap(
        &self,
        target: &str,
        after: Option<(Uuid, u32)>,
        most: i64,
    ) -> Result<Vec<(Uuid, u32, Wrappings)>, VaultError> {
        let second = self.second_id().await?;
        store::to_rewrap(self.db, target, second.as_deref(), after, most).await
    }

    /// The full ids of the keyrings of the settings. A key that says it was wrapped by another is none of theirs.
    pub async fn sources(&self) -> Result<Vec<String>, VaultError> {
        let mut ids = Vec::new();
        for keyring in self.vault.0.keyrings.first_copies() {
            ids.push(keyring.describe().await?);
        }
        Ok(ids)
    }

    /// Whether a data key opens by the current keyring alone, and its second copy, where there is to be one, by the second: what
    /// has to hold before an old key is disabled. The row says which key wrapped it; this asks the keys.
    pub async fn verify(&self, (subject, version, copies): &(Uuid, u32, Wrappings)) -> Result<(), VaultError> {
        let context = self.vault.key_context(*subject, *version);
        let keyrings = &self.vault.0.keyrings;
        let key = keyrings.current().unwrap(&copies.first.bytes, &context).await?;
        let Some(second) = keyrings.second() else { return Ok(()) };
        let copy = copies.second.as_ref().ok_or(VaultError::Rejected)?;
        let same = second.unwrap(&copy.bytes, &context).await?.expose() == key.expose();
        if same { Ok(()) } else { Err(VaultError::Rejected) }
    }

    /// A page of all data keys that are not shredded, after this one.
    pub async fn all(&self, after: Option<(Uuid, u32)>, most: i64) -> Result<Vec<(Uuid, u32, Wrappings)>, VaultError> {
        // No key has an empty id: none is as wanted.
        store::to_rewrap(self.db, "", None, after, most).await
    }

    /// How many those are.
    pub async fn how_many(&self) -> Result<i64, VaultError> {
        Ok(store::how_many_to_rewrap(self.db, "", None).await?)
    }

    /// Wraps one data key anew under `target`, whose full id is `target_id`, and under the second keyring; within KMS where it
    /// is one of the [`KeyOperator::sources`] that wrapped it. The new copy
    /// is opened once before it takes the old one's place, and takes it only where that is still the one it was made of.
    pub async fn rewrap(
        &self,
        target: &dyn Keyring,
        target_id: &str,
        sources: &[String],
        (subject, version, old): &(Uuid, u32, Wrappings),
    ) -> Result<Rewrapped, VaultError> {
        let context = self.vault.key_context(*subject, *version);
        let first = if old.first.key_id == target_id {
            old.first.clone()
        } else {
            self.wrapped_anew(target, sources, old, &context).await?
        };
        let second = match self.vault.0.keyrings.second() {
            Some(second) => {
                let id = second.describe().await?;
                match &old.second {
                    Some(copy) if copy.key_id == id => Some(copy.clone()),
                    _ => Some(second.wrap(&target.unwrap(&first.bytes, &context).await?, &context).await?),
                }
            }
            None => None,
        };
        let new = Wrappings { first, second };
        let replaced = store::replace(self.db, *subject, *version, &old.first.bytes, &new).await?;
        Ok(if replaced { Rewrapped::Done } else { Rewrapped::Overtaken })
    }

    /// Takes a version, or all, of the subject's keys out of use, or back into it. How many there were. A function that
    /// has one in its cache goes on to use it for at most 300 s.
    pub async fn set_revoked(
        &self,
        subject: Uuid,
        version: Option<u32>,
        revoked: bool,
        now: Timestamp,
    ) -> Result<u64, VaultError> {
        let action = if revoked { "key.revoke" } else { "key.reinstate" };
        let entry = self.entry(subject, action, version.unwrap_or_default(), now);
        store::set_revoked(&self.db.scoped(entry), subject, version, revoked).await
    }

    async fn second_id(&self) -> Result<Option<String>, VaultError> {
        match self.vault.0.keyrings.second() {
            Some(second) => second.describe().await.map(Some),
            None => Ok(None),
        }
    }

    async fn wrapped_anew(
        &self,
        target: &dyn Keyring,
        sources: &[String],
        old: &Wrappings,
        context: &KeyContext<'_>,
    ) -> Result<WrappedKey, VaultError> {
        // KMS would wrap anew from any key that the operator may use: only from ours.
        let ours = sources.contains(&old.first.key_id);
        let within = if ours { target.rewrap(&old.first, context).await? } else { None };
        let new = match within {
            Some(new) => new,
            None => target.wrap(&self.vault.0.keyrings.unwrap(old, context).await?, context).await?,
        };
        target.unwrap(&new.bytes, context).await?;
        Ok(new)
    }

    fn entry(&self, subject: Uuid, action: &'static str, version: u32, now: Timestamp) -> AuditEntry {
        AuditEntry::by_operator(subject, self.request, action, "data_keys", now).resource(version)
    }
}
