//! Checks access tokens by the public keys in the table `token_keys`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use jiff::{SignedDuration, Timestamp};

use super::{AccessClaims, PublicJwk, RETIREMENT, VerifyingKey, format, token_keys_are_fresh};
use crate::clock::Clock;
use crate::config::Settings;
use crate::data::{Db, DbError, token_keys};

/// A key that is not known makes the table be read again, but not more often than this: anybody can name one.
const REREAD_INTERVAL: SignedDuration = SignedDuration::from_secs(10);

/// Checks access tokens. Cheap to clone.
#[derive(Clone)]
pub struct TokenVerifier(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    settings: Arc<Settings>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Option<Known>,
    /// The read that is under way: whoever needs one meanwhile waits for it.
    reading: Option<Shared<BoxFuture<'static, Result<Known, DbError>>>>,
}

/// The table as it was read.
#[derive(Clone)]
struct Known {
    keys: Arc<HashMap<String, Published>>,
    read_at: Timestamp,
}

struct Published {
    key: VerifyingKey,
    retired_at: Option<Timestamp>,
}

impl TokenVerifier {
    /// Reads nothing yet: the first token does.
    pub fn new(db: Db, clock: Clock, settings: Arc<Settings>) -> Self {
        Self(Arc::new(Inner { db, clock, settings, state: Mutex::default() }))
    }

    /// What the token says, if it is one of ours and holds; `None` for anything else. Whether its session still lives
    /// is another question.
    ///
    /// # Errors
    /// [`DbError`] where the keys could not be read: the token may well be a good one.
    pub async fn verify(&self, token: &str) -> Result<Option<AccessClaims>, DbError> {
        let Some(kid) = format::kid(token) else { return Ok(None) };
        let now = self.0.clock.now();
        let Some(key) = self.key(&kid, now).await? else { return Ok(None) };
        Ok(format::open(token, &key).filter(|claims| claims.holds(&self.0.settings.tokens, now)))
    }

    /// The public keys that tokens are taken under, the newest first, as the database has them now.
    pub async fn published(&self) -> Result<Vec<PublicJwk>, DbError> {
        let since = self.0.clock.now() - RETIREMENT;
        let rows = token_keys::live(&self.0.db.unscoped(), since).await?;
        Ok(rows.iter().filter_map(published).map(|published| published.key.jwk().clone()).collect())
    }

    async fn key(&self, kid: &str, now: Timestamp) -> Result<Option<VerifyingKey>, DbError> {
        let reading = {
            let mut state = self.0.state();
            match &state.known {
                Some(known) if known.settles(kid, now) => return Ok(known.key(kid, now)),
                _ => state.reading.get_or_insert_with(|| Inner::read(&self.0, now)).clone(),
            }
        };
        Ok(reading.await?.key(kid, now))
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the table in a task of its own, which ends also when everybody who waits for it has gone.
    fn read(this: &Arc<Self>, now: Timestamp) -> Shared<BoxFuture<'static, Result<Known, DbError>>> {
        let (this, ended) = (Arc::clone(this), Arc::clone(this));
        let task = tokio::spawn(async move {
            let rows = token_keys::live(&this.db.unscoped(), now - RETIREMENT).await;
            let known = rows.map(|rows| Known::new(&rows, now));
            let mut state = this.state();
            state.reading = None;
            if let Ok(known) = &known {
                state.known = Some(known.clone());
            }
            known
        });
        let outcome = move |read: Result<_, tokio::task::JoinError>| {
            read.unwrap_or_else(|_| {
                ended.state().reading = None;
                Err(DbError::Unavailable("reading the token keys"))
            })
        };
        task.map(outcome).boxed().shared()
    }
}

impl Known {
    fn new(rows: &[token_keys::Row], read_at: Timestamp) -> Self {
        let keys = rows.iter().filter_map(published).map(|published| (published.key.kid().to_owned(), published));
        Self { keys: Arc::new(keys.collect()), read_at }
    }

    /// Whether what is known decides about this key.
    fn settles(&self, kid: &str, now: Timestamp) -> bool {
        let just_read = now.duration_since(self.read_at) < REREAD_INTERVAL;
        token_keys_are_fresh(self.read_at, now) && (just_read || self.keys.contains_key(kid))
    }

    fn key(&self, kid: &str, now: Timestamp) -> Option<VerifyingKey> {
        let live = |published: &&Published| published.retired_at.is_none_or(|at| now < at + RETIREMENT);
        self.keys.get(kid).filter(live).map(|published| published.key.clone())
    }
}

fn published(row: &token_keys::Row) -> Option<Published> {
    let key = VerifyingKey::from_jwk(&row.jwk).filter(|key| key.kid() == row.kid);
    if key.is_none() {
        tracing::warn!(kid = row.kid, "a row of token_keys is no public key");
    }
    Some(Published { key: key?, retired_at: row.retired_at })
}
