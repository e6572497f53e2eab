//! Everything a function is built from, connected once at the start.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::{Clock, NoEntropy, Random};
use crate::config::{ConfigError, KeyringSetting, KeyringSettings, Settings};
use crate::data::cache::CacheError;
use crate::data::{Cache, Db, DbError, IamTokens};
use crate::identity::{SessionStore, TokenVerifier};
use crate::vault::{FileKeyring, KeyFileError, Keyring, Keyrings, Vault};

/// A function could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database's address is wrong.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The cache's address is wrong.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The keyring can't be used.
    #[error(transparent)]
    Keyring(#[from] KeyFileError),
    /// This build has no KMS keyring.
    #[error("KMS_KEY_ID is set, but this function is built without the KMS keyring")]
    NoKms,
}

/// Settings, data, vault, sessions, access tokens, clock and randomness. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// The settings.
    pub settings: Arc<Settings>,
    /// PostgreSQL.
    pub db: Db,
    /// The cache.
    pub cache: Cache,
    /// The vault.
    pub vault: Vault,
    /// Sessions.
    pub sessions: SessionStore,
    /// Access tokens.
    pub tokens: TokenVerifier,
    /// The clock.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    iam_tokens: IamTokens,
}

impl Platform {
    /// Prepares the connections; none is opened before it is used.
    ///
    /// # Errors
    /// [`StartError`] that says which setting to mend.
    pub async fn connect(settings: Settings) -> Result<Self, StartError> {
        let keyrings = keyrings(&settings.keyring).await?;
        Self::with(settings, Clock::system(), keyrings)
    }

    /// The same with a clock and keyrings of the caller's.
    ///
    /// # Errors
    /// [`StartError`] that says which setting to mend.
    pub fn with(settings: Settings, clock: Clock, keyrings: impl Into<Keyrings>) -> Result<Self, StartError> {
        let random = Random::default();
        let settings = Arc::new(settings);
        let iam_tokens = IamTokens::new(clock.clone());
        let db = Db::new(&settings.database, settings.database_pool, &iam_tokens)?;
        let prefix = format!("{}:{}:", settings.app, settings.env);
        let cache = match &settings.cache {
            Some(redis) => Cache::redis(redis, &prefix, clock.clone(), &iam_tokens)?,
            None => Cache::memory(clock.clone()),
        };
        let vault = Vault::new(&settings.app, &settings.env, keyrings, clock.clone(), random.clone());
        Ok(Self {
            sessions: SessionStore {
                db: db.clone(),
                cache: cache.clone(),
                clock: clock.clone(),
                random: random.clone(),
                vault: vault.clone(),
                limits: settings.session,
            },
            tokens: TokenVerifier::new(db.clone(), clock.clone(), Arc::clone(&settings)),
            vault,
            db,
            cache,
            clock,
            random,
            settings,
            iam_tokens,
        })
    }

    /// The same platform with the database role of the maintenance function.
    ///
    /// # Errors
    /// [`StartError`] that says which setting to mend.
    pub fn for_maintenance(&self) -> Result<Self, StartError> {
        let db = Db::maintenance(&self.settings.database, self.settings.database_pool, &self.iam_tokens)?;
        Ok(Self { db, ..self.clone() })
    }

    /// The database as whoever the login is, for the operator's commands.
    ///
    /// # Errors
    /// [`DbError`] where the settings can't be understood.
    pub fn operator_db(&self, connections: usize) -> Result<Db, DbError> {
        Db::operator(&self.settings.database, connections, &self.iam_tokens)
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new version 7 UUID.
    ///
    /// # Errors
    /// [`NoEntropy`] where the operating system gives no randomness.
    pub fn new_id(&self) -> Result<Uuid, NoEntropy> {
        self.random.id(self.now())
    }
}

async fn keyrings(settings: &KeyringSettings) -> Result<Keyrings, StartError> {
    let mut old = Vec::with_capacity(settings.old.len());
    for setting in &settings.old {
        old.push(keyring(setting).await?);
    }
    let second = match &settings.second {
        Some(setting) => Some(keyring(setting).await?),
        None => None,
    };
    Ok(Keyrings::new(keyring(&settings.current).await?, old, second))
}

/// The keyring of a setting.
///
/// # Errors
/// [`StartError`] where the key file can't be used, or this build has no KMS keyring.
pub async fn keyring(setting: &KeyringSetting) -> Result<Arc<dyn Keyring>, StartError> {
    match setting {
        KeyringSetting::File(path) => Ok(Arc::new(FileKeyring::open(path, Random::default())?)),
        #[cfg(feature = "kms")]
        KeyringSetting::Kms(key_id) => {
            Ok(Arc::new(crate::vault::KmsKeyring::connect(crate::aws::sdk_config().await, key_id)))
        }
        #[cfg(not(feature = "kms"))]
        KeyringSetting::Kms(_) => Err(StartError::NoKms),
    }
}
