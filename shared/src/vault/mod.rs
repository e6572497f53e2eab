//! The vault: seals what must not stand in clear, under a data key of its owner.
//!
//! [`Vault`] finds keys (cache, then table, then keyring); [`OwnerKey`] seals and opens; [`envelope`] is the format.

mod blind_index;
pub mod context;
mod data_keys;
pub mod envelope;
mod error;
pub mod keyring;
mod owner_key;
mod store;

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use jiff::Timestamp;
use uuid::Uuid;
use zeroize::Zeroizing;

pub use self::blind_index::BlindIndex;
use self::data_keys::{DataKey, DataKeys};
pub use self::error::VaultError;
#[cfg(feature = "kms")]
pub use self::keyring::KmsKeyring;
use self::keyring::SecretKey;
pub use self::keyring::{FileKeyring, KeyContext, KeyFileError, Keyring};
pub use self::owner_key::{Field, OwnerKey};
use self::store::WrappedKey;
use crate::clock::{Clock, Random};
use crate::data::Db;

/// The subject of the data key that belongs to nobody: the blind indexes derive from it.
const SYSTEM: Uuid = Uuid::nil();
const FIRST_VERSION: u32 = 1;

/// Finds, makes and caches the data keys. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    app: Arc<str>,
    env: Arc<str>,
    keyring: Arc<dyn Keyring>,
    clock: Clock,
    random: Random,
    keys: DataKeys,
}

impl Vault {
    /// A vault for one application in one environment; values sealed in another don't open.
    pub fn new(app: &str, env: &str, keyring: Arc<dyn Keyring>, clock: Clock, random: Random) -> Self {
        Self(Arc::new(Inner { app: app.into(), env: env.into(), keyring, clock, random, keys: DataKeys::new() }))
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
    /// [`VaultError::Rejected`] where there is no such version, for instance after erasure.
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

    /// The blind index of `value`, to be found again by. The caller brings the value into one form first (case,
    /// spaces, Unicode). With an owner, equal values of two owners have different indexes.
    pub async fn blind_index(
        &self,
        db: &Db,
        purpose: &str,
        owner: Option<Uuid>,
        value: &str,
    ) -> Result<BlindIndex, VaultError> {
        let now = self.0.clock.now();
        // Only to make the first version where there is none: the indexes stay with that version.
        self.0.keys.newest(now, SYSTEM, || self.load_newest(db, now, SYSTEM).boxed()).await?;
        let key = self.data_key(db, now, SYSTEM, u32::from(blind_index::KEY_VERSION)).await?;
        BlindIndex::new(key.for_opening(), purpose, owner, value)
    }

    /// Succeeds while the keyring can be used.
    pub async fn health(&self) -> Result<(), VaultError> {
        self.0.keyring.describe().await
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
        let load = async {
            match made {
                Some(key) => Ok(key),
                None => self.unwrap(subject, &row).await,
            }
        };
        Ok(self.0.keys.key(now, subject, row.version, || load.boxed()).await?.version())
    }

    /// Makes the subject's first key. Answers what is stored, which is another's where that one was quicker; a
    /// subject whose keys were all retired gets no new one here.
    async fn make_first(
        &self,
        db: &Db,
        now: Timestamp,
        subject: Uuid,
    ) -> Result<(WrappedKey, Option<SecretKey>), VaultError> {
        let made = self.0.keyring.generate(&self.key_context(subject, FIRST_VERSION)).await?;
        let mine = WrappedKey { version: FIRST_VERSION, wrapped: made.wrapped };
        store::insert(db, subject, &mine, self.0.keyring.key_id(), now).await?;
        let stored = store::newest(db, subject).await?.ok_or(VaultError::Rejected)?;
        let won = stored.wrapped == mine.wrapped;
        Ok((stored, won.then_some(made.key)))
    }

    async fn unwrap(&self, subject: Uuid, row: &WrappedKey) -> Result<SecretKey, VaultError> {
        self.0.keyring.unwrap(&row.wrapped, &self.key_context(subject, row.version)).await
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
