//! The cache within the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    Admission, Admitted, Cached, LIVE_PREFIX_LENGTH, Lookup, TOMBSTONE, USER_ID_LENGTH, VERSION_LENGTH, cached,
};
use crate::clock::Clock;

/// Above this many entries the expired ones are swept at the next write.
const SWEEP_ABOVE: usize = 10_000;

#[derive(Default)]
struct Entries {
    values: HashMap<String, (Vec<u8>, i64)>,
    counters: HashMap<String, (u64, i64)>,
    metrics: BTreeMap<String, u64>,
}

impl Entries {
    fn put(&mut self, key: &str, value: &[u8], now: i64, ttl_seconds: i64) {
        if self.values.len() > SWEEP_ABOVE {
            self.values.retain(|_, (_, expires)| *expires > now);
        }
        self.values.insert(key.to_owned(), (value.to_vec(), now + ttl_seconds));
    }
}

pub(super) struct Memory {
    entries: Mutex<Entries>,
    clock: Clock,
}

impl Memory {
    pub(super) fn new(clock: Clock) -> Self {
        Self { entries: Mutex::default(), clock }
    }

    pub(super) fn admit(&self, admission: &Admission<'_>) -> Admitted {
        let session = cached(admission.session.and_then(|key| self.get(key)).filter(|value| !self.is_old(value)));
        let who = match &session {
            Cached::Live(value) if admission.or_user => String::from_utf8_lossy(&value[..USER_ID_LENGTH]),
            _ => admission.who.into(),
        };
        let hits = self.count(&format!("limit:{who}:{}", admission.window), admission.keep_seconds);
        Admitted { session, hits }
    }

    /// Whether a live session was read before its user's floor rose.
    fn is_old(&self, value: &[u8]) -> bool {
        let Some((user, version)) = value.get(..LIVE_PREFIX_LENGTH).map(|prefix| prefix.split_at(USER_ID_LENGTH))
        else {
            return false;
        };
        let floor = self.get(&format!("floor:{}", String::from_utf8_lossy(user)));
        floor.is_some_and(|floor| version < floor.as_slice())
    }

    pub(super) fn put(&self, key: &str, value: &[u8], ttl_seconds: i64) {
        let now = self.clock.now().as_second();
        self.entries().put(key, value, now, ttl_seconds);
    }

    pub(super) fn put_unless_revoked(&self, key: &str, value: &[u8], ttl_seconds: i64) {
        let now = self.clock.now().as_second();
        let mut entries = self.entries();
        let revoked = entries.values.get(key).is_some_and(|(value, expires)| value == TOMBSTONE && *expires > now);
        if !revoked {
            entries.put(key, value, now, ttl_seconds);
        }
    }

    pub(super) fn put_newer(&self, key: &str, value: &[u8], ttl_seconds: i64) {
        let now = self.clock.now().as_second();
        let mut entries = self.entries();
        let newer = entries
            .values
            .get(key)
            .is_some_and(|(there, expires)| *expires > now && there[..VERSION_LENGTH] > value[..VERSION_LENGTH]);
        if !newer {
            entries.put(key, value, now, ttl_seconds);
        }
    }

    pub(super) fn count(&self, bucket: &str, keep_seconds: i64) -> u64 {
        let now = self.clock.now().as_second();
        let mut entries = self.entries();
        if entries.counters.len() > SWEEP_ABOVE {
            entries.counters.retain(|_, (_, expires)| *expires > now);
        }
        let counter = entries.counters.entry(bucket.to_owned()).or_insert((0, now + keep_seconds));
        if counter.1 <= now {
            *counter = (0, now + keep_seconds);
        }
        counter.0 += 1;
        counter.0
    }

    pub(super) fn look_up(&self, wanted: Lookup<'_>) -> Option<Vec<u8>> {
        let (generation, value) = (self.get(wanted.generation), self.get(wanted.key));
        let of = |value: &Vec<u8>| value.get(..VERSION_LENGTH).map(<[u8]>::to_vec);
        let value =
            value.filter(|value| generation.as_ref().and_then(of).is_some_and(|newest| of(value) == Some(newest)));
        let counter = if value.is_some() { wanted.hit } else { wanted.miss };
        *self.entries().metrics.entry(counter.series()).or_default() += 1;
        value
    }

    pub(super) fn counts(&self) -> BTreeMap<String, u64> {
        self.entries().metrics.clone()
    }

    pub(super) fn get(&self, key: &str) -> Option<Vec<u8>> {
        let now = self.clock.now().as_second();
        self.entries().values.get(key).filter(|(_, expires)| *expires > now).map(|(value, _)| value.clone())
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
