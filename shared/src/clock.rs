//! Time, identifiers and randomness, injected so that tests decide them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

/// Where the time comes from. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's own clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that answers what `now` answers.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The current time, UTC, in whole microseconds: as PostgreSQL keeps it, so that a time told at a write is the
    /// time told at a read.
    pub fn now(&self) -> Timestamp {
        let now = (self.0)();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// The operating system's generator refused to answer.
#[derive(Debug, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct NoEntropy;

/// Where randomness comes from: the operating system's generator.
#[derive(Clone, Debug)]
pub struct Random {
    system: SystemRandom,
    /// Milliseconds and counter of the last identifier.
    last_id: Arc<AtomicU64>,
}

impl Default for Random {
    fn default() -> Self {
        Self { system: SystemRandom::new(), last_id: Arc::default() }
    }
}

impl Random {
    /// `N` random bytes.
    ///
    /// # Errors
    /// [`NoEntropy`] where the operating system gives none.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoEntropy> {
        let mut bytes = [0; N];
        self.system.fill(&mut bytes).map_err(|_| NoEntropy)?;
        Ok(bytes)
    }

    /// A version 7 UUID (RFC 9562). Each sorts behind those made before it in this process, within a millisecond by
    /// a 12-bit counter in place of `rand_a` (section 6.2, method 1).
    ///
    /// # Errors
    /// [`NoEntropy`] where the operating system gives none.
    pub fn id(&self, now: Timestamp) -> Result<Uuid, NoEntropy> {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let next = |last: u64| (millis << COUNTER_BITS).max(last + 1);
        let last = self.last_id.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
        let id = next(last.unwrap_or_default());
        let mut random: [u8; 10] = self.bytes()?;
        let counter = (id & COUNTER_MASK).to_be_bytes();
        random[..2].copy_from_slice(&counter[6..]);
        Ok(uuid::Builder::from_unix_timestamp_millis(id >> COUNTER_BITS, &random).into_uuid())
    }
}

const COUNTER_BITS: u32 = 12;
const COUNTER_MASK: u64 = (1 << COUNTER_BITS) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_one_moment_sort_as_they_were_made() {
        let (random, now) = (Random::default(), "2026-01-01T00:00:00Z".parse().unwrap());
        let ids: Vec<Uuid> = (0..10_000).map(|_| random.id(now).unwrap()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }
}
