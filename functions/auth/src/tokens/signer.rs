//! Signs access tokens, and makes the public halves of its keys known before it does.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use shared::Platform;
use shared::clock::Clock;
use shared::config::{self, ConfigError, TokenSettings};
use shared::data::{Db, DbError, token_keys};
use shared::http::Problem;
use shared::identity::{AccessClaims, SigningKey, TOKEN_KEYS_KEPT, token_keys_are_fresh};
use tokio::sync::Mutex;

use super::KeySet;

const FORM: ConfigError =
    ConfigError::Invalid("WARD_TOKEN_KEYS", "a JWK Set of private EC P-256 keys: `ward token-key` makes one");

/// Where the keys come from.
#[derive(Clone)]
pub enum KeySource {
    /// A setting: they are the same until the function starts anew.
    Setting(SecretString),
    /// A secret in Secrets Manager, by its id, and what it held at the start: it is read again, so that a rotation
    /// needs no start.
    Secret(String, SecretString),
    /// Whatever the function answers each time.
    Function(Arc<dyn Fn() -> Result<SecretString, ConfigError> + Send + Sync>),
}

impl KeySource {
    /// What the settings say; `None` where they name no keys.
    pub fn of(settings: &TokenSettings) -> Option<Self> {
        let keys = settings.keys.clone()?;
        Some(match &settings.keys_secret_id {
            Some(id) => Self::Secret(id.clone(), keys),
            None => Self::Setting(keys),
        })
    }

    fn first(&self) -> Result<KeySet, ConfigError> {
        match self {
            Self::Setting(keys) | Self::Secret(_, keys) => parse(keys),
            Self::Function(keys) => parse(&keys()?),
        }
    }

    /// The keys as they are now; `None` where they can't have changed.
    async fn again(&self) -> Result<Option<KeySet>, ConfigError> {
        match self {
            Self::Setting(_) => Ok(None),
            Self::Secret(id, _) => parse(&config::token_keys(id).await?).map(Some),
            Self::Function(keys) => parse(&keys()?).map(Some),
        }
    }
}

fn parse(keys: &SecretString) -> Result<KeySet, ConfigError> {
    KeySet::parse(keys.expose_secret()).map_err(|_| FORM)
}

/// Signs access tokens. Cheap to clone.
#[derive(Clone)]
pub struct TokenSigner(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    source: KeySource,
    state: Mutex<State>,
}

struct State {
    keys: KeySet,
    /// When the keys were last read and published.
    looked_at: Timestamp,
    /// Since when each key is published; `None` before the first time.
    since: Option<HashMap<String, Timestamp>>,
}

impl TokenSigner {
    /// Reads the keys; publishes them at the first use.
    ///
    /// # Errors
    /// [`ConfigError`] where they are no key set.
    pub fn new(platform: &Platform, source: KeySource) -> Result<Self, ConfigError> {
        let state = State { keys: source.first()?, looked_at: platform.now(), since: None };
        let (db, clock) = (platform.db.clone(), platform.clock.clone());
        Ok(Self(Arc::new(Inner { db, clock, source, state: Mutex::new(state) })))
    }

    /// A token with these claims.
    ///
    /// # Errors
    /// 503 where the public half could not be made known.
    pub async fn sign(&self, claims: &AccessClaims) -> Result<String, Problem> {
        let key = self.signing_key().await?;
        key.sign(claims).map_err(|error| Problem::unavailable().source(error))
    }

    /// Makes the public halves known, unless that was done a moment ago.
    pub async fn publish(&self) -> Result<(), DbError> {
        self.signing_key().await.map(drop)
    }

    async fn signing_key(&self) -> Result<Arc<SigningKey>, DbError> {
        let now = self.0.clock.now();
        let mut state = self.0.state.lock().await;
        if state.since.is_none() || !token_keys_are_fresh(state.looked_at, now) {
            self.0.look(&mut state, now).await?;
        }
        Ok(state.signing_key(now))
    }
}

impl Inner {
    /// Reads the keys again where that is due, publishes them, and only then takes them.
    async fn look(&self, state: &mut State, now: Timestamp) -> Result<(), DbError> {
        let mut keys = state.keys.clone();
        if !token_keys_are_fresh(state.looked_at, now) {
            match self.source.again().await {
                Ok(read) => keys = read.unwrap_or(keys),
                Err(error) => {
                    tracing::warn!(%error, "the token keys could not be read again: the last ones stay");
                    // Published again, a key that was taken out meanwhile would come back.
                    if state.since.is_some() {
                        state.looked_at = now;
                        return Ok(());
                    }
                }
            }
        }
        let public: Vec<_> = keys.keys().iter().map(|key| key.public()).collect();
        let kids: Vec<_> = public.iter().map(|key| key.kid()).collect();
        let jwks: Vec<_> = public.iter().map(|key| serde_json::to_value(key.jwk()).unwrap_or_default()).collect();
        let published = token_keys::publish(&self.db.unscoped(), &kids, &jwks, now).await?;
        *state = State { keys, looked_at: now, since: Some(published.into_iter().collect()) };
        Ok(())
    }
}

impl State {
    /// The first key that everybody knows by now; where none is old enough, the first.
    fn signing_key(&self, now: Timestamp) -> Arc<SigningKey> {
        let keys = self.keys.keys();
        let since = |key: &SigningKey| self.since.as_ref()?.get(key.public().kid()).copied();
        let settled = |key: &&Arc<SigningKey>| since(key).is_some_and(|since| since + TOKEN_KEYS_KEPT <= now);
        Arc::clone(keys.iter().find(settled).unwrap_or(&keys[0]))
    }
}
