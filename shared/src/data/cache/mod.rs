//! The cache: live sessions and the counters of the rate limits. It may vanish at any moment.

mod line;
mod memory;
mod redis;
mod server;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use uuid::Uuid;

use self::line::Line;
use self::memory::Memory;
use self::redis::Redis;
use self::server::Server;
use super::IamTokens;
use crate::clock::Clock;
use crate::config::CacheSettings;
use crate::metrics::Counter;

/// The cache gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("cache unavailable while {0}")]
pub struct CacheError(pub(crate) &'static str);

/// What the guard asks in its one round trip.
#[derive(Debug)]
pub struct Admission<'a> {
    /// Key of the session's entry, where the request brought a token.
    pub session: Option<&'a str>,
    /// Who is counted.
    pub who: &'a str,
    /// Whether a live session's user is counted instead.
    pub or_user: bool,
    /// Number of the window the request falls in.
    pub window: i64,
    /// Seconds after which a window's counter may be forgotten.
    pub keep_seconds: i64,
}

/// What the cache knows of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cached {
    /// Nothing: ask the database.
    Unknown,
    /// It was ended.
    Revoked,
    /// The session as it was put: user's id, security version, tag, JSON.
    Live(Vec<u8>),
}

/// The guard's answer.
#[derive(Debug)]
pub struct Admitted {
    /// The session.
    pub session: Cached,
    /// Requests of whoever was counted in this window, this one included.
    pub hits: u64,
}

/// A look-up of what was read from many rows, under the generation they were of.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// Key of the newest generation, put by whoever changes a row.
    pub generation: &'a str,
    /// Key of the value.
    pub key: &'a str,
    /// What is counted where the value is there and of that generation.
    pub hit: Counter,
    /// What is counted otherwise.
    pub miss: Counter,
}

enum Backend {
    Redis(Redis),
    Memory(Memory),
}

/// The cache. Cheap to clone.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    backend: Backend,
    clock: Clock,
    /// Unix milliseconds until which the cache is taken to be away, so that not each request waits for it.
    away_until: AtomicI64,
}

const AWAY_MILLIS: i64 = 1_000;
/// What stands in place of an ended session, so that no late fill brings it back.
const TOMBSTONE: &[u8] = b"revoked";

impl Cache {
    /// The in-process cache of development and single-process use.
    pub fn memory(clock: Clock) -> Self {
        Self::of(Backend::Memory(Memory::new(clock.clone())), clock)
    }

    /// Redis or Valkey; connects at the first use. Keys begin with `prefix`.
    ///
    /// # Errors
    /// [`CacheError`] where the settings can't be understood.
    pub fn redis(settings: &CacheSettings, prefix: &str, clock: Clock, tokens: &IamTokens) -> Result<Self, CacheError> {
        let line = Line::to(Server::new(settings, tokens)?, clock.clone());
        Ok(Self::of(Backend::Redis(Redis::new(line, prefix)), clock))
    }

    fn of(backend: Backend, clock: Clock) -> Self {
        Self(Arc::new(Inner { backend, clock, away_until: AtomicI64::new(0) }))
    }

    /// The guard's one round trip: finds the session and counts the request.
    pub async fn admit(&self, admission: &Admission<'_>) -> Result<Admitted, CacheError> {
        self.attempt(async {
            match &self.0.backend {
                Backend::Redis(redis) => redis.admit(admission).await,
                Backend::Memory(memory) => Ok(memory.admit(admission)),
            }
        })
        .await
    }

    /// Puts a live session, unless it was ended meanwhile. `value` begins with the user's id, 36 characters, and the
    /// user's security version, 10 digits.
    pub async fn put_session(&self, key: &str, value: &[u8], ttl_seconds: i64) -> Result<(), CacheError> {
        self.attempt(async {
            match &self.0.backend {
                Backend::Redis(redis) => redis.put_unless_revoked(key, value, ttl_seconds).await,
                Backend::Memory(memory) => {
                    memory.put_unless_revoked(key, value, ttl_seconds);
                    Ok(())
                }
            }
        })
        .await
    }

    /// Leaves a tombstone in place of an ended session.
    pub async fn revoke_session(&self, key: &str, ttl_seconds: i64) -> Result<(), CacheError> {
        self.attempt(async {
            match &self.0.backend {
                Backend::Redis(redis) => redis.put(key, TOMBSTONE, ttl_seconds).await,
                Backend::Memory(memory) => {
                    memory.put(key, TOMBSTONE, ttl_seconds);
                    Ok(())
                }
            }
        })
        .await
    }

    /// Makes entries of a user from before `version` unknown. They were read from the database before it rose, so that
    /// even one that arrives late is not believed.
    pub async fn raise_floor(&self, user_id: Uuid, version: i64, ttl_seconds: i64) -> Result<(), CacheError> {
        self.put_newer(&format!("floor:{user_id}"), version, b"", ttl_seconds).await
    }

    /// Puts a value, unless a newer one is there.
    pub async fn put_newer(&self, key: &str, version: i64, value: &[u8], ttl_seconds: i64) -> Result<(), CacheError> {
        let value = [format!("{version:010}").as_bytes(), value].concat();
        self.attempt(async {
            match &self.0.backend {
                Backend::Redis(redis) => redis.put_newer(key, &value, ttl_seconds).await,
                Backend::Memory(memory) => {
                    memory.put_newer(key, &value, ttl_seconds);
                    Ok(())
                }
            }
        })
        .await
    }

    /// What [`Cache::put_newer`] put, and its version.
    pub async fn get_versioned(&self, key: &str) -> Result<Option<(i64, Vec<u8>)>, CacheError> {
        let value = self
            .attempt(async {
                match &self.0.backend {
                    Backend::Redis(redis) => redis.get(key).await,
                    Backend::Memory(memory) => Ok(memory.get(key)),
                }
            })
            .await?;
        Ok(value.as_deref().and_then(versioned))
    }

    /// What [`Cache::put_newer`] put, where it is of the newest generation there is a word of: a late fill with what was
    /// read before a change is found by nobody. Counts the outcome in the same round trip.
    pub async fn look_up(&self, wanted: Lookup<'_>) -> Result<Option<(i64, Vec<u8>)>, CacheError> {
        let value = self
            .attempt(async {
                match &self.0.backend {
                    Backend::Redis(redis) => redis.look_up(wanted).await,
                    Backend::Memory(memory) => Ok(memory.look_up(wanted)),
                }
            })
            .await?;
        Ok(value.as_deref().and_then(versioned))
    }

    /// What was counted since the cache was last empty, by [`Counter::series`].
    pub async fn counts(&self) -> Result<BTreeMap<String, u64>, CacheError> {
        self.attempt(async {
            match &self.0.backend {
                Backend::Redis(redis) => redis.counts().await,
                Backend::Memory(memory) => Ok(memory.counts()),
            }
        })
        .await
    }

    /// Counts one more hit on a bucket and gives the sum.
    pub async fn count(&self, bucket: &str, keep_seconds: i64) -> Result<u64, CacheError> {
        self.attempt(async {
            match &self.0.backend {
                Backend::Redis(redis) => redis.count(bucket, keep_seconds).await,
                Backend::Memory(memory) => Ok(memory.count(bucket, keep_seconds)),
            }
        })
        .await
    }

    /// Whether the cache answers.
    pub async fn ping(&self) -> Result<(), CacheError> {
        match &self.0.backend {
            Backend::Redis(redis) => redis.ping().await,
            Backend::Memory(_) => Ok(()),
        }
    }

    async fn attempt<T>(&self, call: impl Future<Output = Result<T, CacheError>>) -> Result<T, CacheError> {
        let now = self.0.clock.now().as_millisecond();
        if now < self.0.away_until.load(Ordering::Relaxed) {
            return Err(CacheError("it is away"));
        }
        let answer = call.await;
        if answer.is_err() {
            self.0.away_until.store(now + AWAY_MILLIS, Ordering::Relaxed);
        }
        answer
    }
}

/// A version and what stands behind it.
fn versioned(value: &[u8]) -> Option<(i64, Vec<u8>)> {
    let (version, value) = value.split_at_checked(VERSION_LENGTH)?;
    Some((std::str::from_utf8(version).ok()?.parse().ok()?, value.to_vec()))
}

fn cached(value: Option<Vec<u8>>) -> Cached {
    match value {
        Some(value) if value == TOMBSTONE => Cached::Revoked,
        Some(value) if value.len() > LIVE_PREFIX_LENGTH => Cached::Live(value),
        _ => Cached::Unknown,
    }
}

/// The key of the counters.
const METRICS: &str = "metrics";
/// Length of the user's id at the start of a live session's value.
const USER_ID_LENGTH: usize = 36;
/// Digits of a version.
const VERSION_LENGTH: usize = 10;
/// What the cache reads of a live session's value.
pub(crate) const LIVE_PREFIX_LENGTH: usize = USER_ID_LENGTH + VERSION_LENGTH;
