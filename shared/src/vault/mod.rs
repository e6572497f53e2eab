//! The vault: seals what must not stand in clear, under a data key of its owner.
//!
//! [`Vault`] finds keys (cache, then table, then keyring); [`OwnerKey`] seals and opens; [`envelope`] is the format.

mod blind_index;
pub mod context;
mod data_keys;
pub mod envelope;
pub mod erasure;
mod error;
pub mod keyring;
mod operator;
mod operator_store;
mod owner_key;
pub mod reindex;
mod store;

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use jiff::Timestamp;
use uuid::Uuid;
use zeroize::Zeroizing;

pub use self::blind_index::BlindIndex;
pub use self::data_keys::MAX_AGE;
use self::data_keys::{DataKey, DataKeys};
pub use self::error::VaultError;
#[cfg(feature = "kms")]
pub use self::keyring::KmsKeyring;
use self::keyring::SecretKey;
pub use self::keyring::{FileKeyring, KeyContext, KeyFileError, Keyring, Keyrings};
pub use self::operator::{KeyCount, KeyOperator, KeyStatus, Rewrapped};
pub use self::owner_key::{Field, OwnerKey};
use self::store::StoredKey;
use crate::clock::{Clock, Random};
use crate::data::Db;

/// The subject of the data key that belongs to nobody: the blind indexes derive from it.
pub const SYSTEM: Uuid = Uuid::nil();
const FIRST_VERSION: u32 = 1;
/// The version of the system's key that MACs are made with. Nobody can make a MAC anew that a client holds, so it stays.
const MAC_VERSION: u8 = 1;

/// Which versions of the system's key make blind indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct IndexKeys {
    /// What is written has this one's.
    current: u8,
    /// While indexes are made anew, look-ups ask for this one's as well.
    other: Option<u8>,
}

/// Finds, makes and caches the data keys. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    app: Arc<str>,
    env: Arc<str>,
    keyrings: Keyrings,
    clock: Clock,
    random: Random,
    keys: DataKeys,
}

impl Vault {
    /// A vault for one application in one environment; values sealed in another don't open.
    pub fn new(app: &str, env: &str, keyrings: impl Into<Keyrings>, clock: Clock, random: Random) -> Self {
        let (app, env, keyrings) = (app.into(), env.into(), keyrings.into());
        Self(Arc::new(Inner { app, env, keyrings, clock, random, keys: DataKeys::new() }))
    }

    /// The owner's newest data key, made now if there is none yet.
    pub async fn owner_key(&self, db: &Db, owner: Uuid) -> Result<OwnerKey, VaultError> {
        let now = self.0.clock.now();
        let version = self.0.keys.newest(now, owner, || self.load_newest(db, now, owner).boxed()).await?;
        self.owner_key_version(db, owner, version).await
    }

    /// The owner's data key of one version, for values sealed before the newest was made.
    ///
    /// # Errors
    /// [`VaultError::Rejected`] where there is no such version, [`VaultError::Revoked`] where it may not be used any more,
    /// for instance after erasure.
    pub async fn owner_key_version(&self, db: &Db, owner: Uuid, version: u32) -> Result<OwnerKey, VaultError> {
        let key = self.data_key(db, self.0.clock.now(), owner, version).await?;
        Ok(OwnerKey {
            app: Arc::clone(&self.0.app),
            env: Arc::clone(&self.0.env),
            owner,
            key,
            random: self.0.random.clone(),
        })
    }

    /// Opens a value under whichever version of the owner's key sealed it.
    pub async fn open_any(
        &self,
        db: &Db,
        owner: Uuid,
        field: &Field<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let version = envelope::key_version(sealed)?;
        self.owner_key_version(db, owner, version).await?.open(field, sealed)
    }

    /// The frames of a long value, under whichever version of the owner's key sealed it; `head` is its header.
    pub async fn frames_any(
        &self,
        db: &Db,
        owner: Uuid,
        field: &Field<'_>,
        head: &[u8],
        length: u64,
    ) -> Result<envelope::Frames, VaultError> {
        let version = envelope::header_key_version(head)?;
        self.owner_key_version(db, owner, version).await?.frames(field, head, length)
    }

    /// The blind index of `value`, to be found again by. The caller brings the value into one form first (case,
    /// spaces, Unicode). With an owner, equal values of two owners have different indexes.
    ///
    /// Only for what can be read again, so that `ward keys reindex` can make the index anew; otherwise see [`Vault::mac`].
    pub async fn blind_index(
        &self,
        db: &Db,
        purpose: &str,
        owner: Option<Uuid>,
        value: &str,
    ) -> Result<BlindIndex, VaultError> {
        let keys = self.index_keys(db).await?;
        let under = |version| self.index_under(db, version, purpose, owner, value).boxed();
        let current = under(keys.current).await?;
        match keys.other {
            Some(other) => Ok(current.or(&under(other).await?)),
            None => Ok(current),
        }
    }

    /// A MAC of `value`, to be compared with one that a client holds or that nobody could make again: it stays with the
    /// first version of its key.
    pub async fn mac(
        &self,
        db: &Db,
        purpose: &str,
        owner: Option<Uuid>,
        value: &str,
    ) -> Result<BlindIndex, VaultError> {
        // At hand from then on: what is indexed within a transaction can't wait for another connection, and the guard makes a
        // MAC for every request.
        self.index_keys(db).await?;
        self.index_under(db, MAC_VERSION, purpose, owner, value).boxed().await
    }

    /// Forgets which versions make blind indexes, so that the next one asks again.
    pub async fn forget_index_keys(&self) {
        self.0.keys.forget_index_keys().await;
    }

    /// What wraps the data keys.
    pub fn keyrings(&self) -> &Keyrings {
        &self.0.keyrings
    }

    /// Succeeds while the keyring can be used.
    pub async fn health(&self) -> Result<(), VaultError> {
        self.0.keyrings.current().describe().await.map(drop)
    }

    async fn index_keys(&self, db: &Db) -> Result<IndexKeys, VaultError> {
        self.0.keys.index_keys(self.0.clock.now(), || store::index_keys(db).boxed()).boxed().await
    }

    async fn index_under(
        &self,
        db: &Db,
        version: u8,
        purpose: &str,
        owner: Option<Uuid>,
        value: &str,
    ) -> Result<BlindIndex, VaultError> {
        let now = self.0.clock.now();
        if u32::from(version) == FIRST_VERSION {
            // Only to make the first version where there is none.
            self.0.keys.newest(now, SYSTEM, || self.load_newest(db, now, SYSTEM).boxed()).await?;
        }
        let key = self.data_key(db, now, SYSTEM, u32::from(version)).await?;
        BlindIndex::new(key.for_opening(), version, purpose, owner, value)
    }

    async fn data_key(&self, db: &Db, now: Timestamp, subject: Uuid, version: u32) -> Result<Arc<DataKey>, VaultError> {
        self.0.keys.key(now, subject, version, || self.load_version(db, subject, version).boxed()).await
    }

    async fn load_version(&self, db: &Db, subject: Uuid, version: u32) -> Result<SecretKey, VaultError> {
        let row = store::version(db, subject, version).await?.ok_or(VaultError::Rejected)?;
        self.unwrap(subject, &row).await
    }

    /// The newest version's number; its key goes into the cache on the way, so that one query does for both.
    async fn load_newest(&self, db: &Db, now: Timestamp, subject: Uuid) -> Result<u32, VaultError> {
        let (row, made) = match store::newest(db, subject).await? {
            Some(row) => (row, None),
            None => self.make_first(db, now, subject).await?,
        };
        if !row.active {
            return Err(VaultError::Revoked);
        }
        let load = async {
            match made {
                Some(key) => Ok(key),
                None => self.unwrap(subject, &row).await,
            }
        };
        Ok(self.0.keys.key(now, subject, row.version, || load.boxed()).await?.version())
    }

    /// Makes the subject's first key. Answers what is stored, which is another's where that one was quicker.
    async fn make_first(
        &self,
        db: &Db,
        now: Timestamp,
        subject: Uuid,
    ) -> Result<(StoredKey, Option<SecretKey>), VaultError> {
        let (key, copies) = self.0.keyrings.generate(&self.key_context(subject, FIRST_VERSION)).await?;
        let won = store::insert(&db.unaudited(subject), subject, FIRST_VERSION, &copies, now).await?;
        let stored = store::newest(db, subject).await?.ok_or(VaultError::Rejected)?;
        Ok((stored, won.then_some(key)))
    }

    async fn unwrap(&self, subject: Uuid, row: &StoredKey) -> Result<SecretKey, VaultError> {
        let copies = row.copies.as_ref().ok_or(VaultError::Revoked)?;
        self.0.keyrings.unwrap(copies, &self.key_context(subject, row.version)).await
    }

    fn key_context(&self, subject: Uuid, version: u32) -> KeyContext<'_> {
        KeyContext { app: &self.0.app, env: &self.0.env, subject, version }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("app", &self.0.app).field("env", &self.0.env).finish_non_exhaustive()
    }
}
