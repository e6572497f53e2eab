//! The cache of data keys: at most 1,000 for at most 300 s, so that a warm request makes no KMS call.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use jiff::Timestamp;
use moka::future::Cache;
use uuid::Uuid;

use super::keyring::SecretKey;
use super::{IndexKeys, VaultError};

/// Keys held at once.
const MAX_KEYS: u64 = 1_000;
/// How long a key is used before it is asked for again, and so how long a change of it takes to be seen everywhere.
pub const MAX_AGE: Duration = Duration::from_mins(5);
/// Messages that one cached key may seal.
const MAX_MESSAGES: u64 = 1 << 32;

/// A data key in clear, zeroised when the last holder lets go of it.
pub struct DataKey {
    secret: SecretKey,
    version: u32,
    messages: AtomicU64,
}

impl DataKey {
    /// A key that has sealed nothing yet.
    pub fn new(secret: SecretKey, version: u32) -> Self {
        Self { secret, version, messages: AtomicU64::new(0) }
    }

    /// The key's version, from 1.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The key, to open with.
    pub fn for_opening(&self) -> &[u8; 32] {
        self.secret.expose()
    }

    /// The key, to seal one message with.
    ///
    /// # Errors
    /// [`VaultError::Exhausted`] after 2^32 messages.
    pub fn for_sealing(&self) -> Result<&[u8; 32], VaultError> {
        if self.messages.fetch_add(1, Ordering::Relaxed) < MAX_MESSAGES {
            Ok(self.secret.expose())
        } else {
            Err(VaultError::Exhausted)
        }
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Data keys by subject and version, and each subject's newest version. Whoever asks for a key that another task is
/// already fetching waits for that one call.
pub struct DataKeys {
    keys: Cache<(Uuid, u32), Aged<Arc<DataKey>>>,
    newest: Cache<Uuid, Aged<u32>>,
    index_keys: Cache<(), Aged<IndexKeys>>,
}

/// A cached value and when it was fetched. The cache's own clock stands still while a sandbox is frozen, so the age
/// is checked against the injected one too.
#[derive(Clone)]
struct Aged<T> {
    value: T,
    since: Timestamp,
}

impl<T> Aged<T> {
    fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.since).unsigned_abs() < MAX_AGE
    }
}

impl DataKeys {
    /// An empty cache.
    pub fn new() -> Self {
        Self {
            keys: Cache::builder().max_capacity(MAX_KEYS).time_to_live(MAX_AGE).build(),
            newest: Cache::builder().max_capacity(MAX_KEYS).time_to_live(MAX_AGE).build(),
            index_keys: Cache::builder().max_capacity(1).time_to_live(MAX_AGE).build(),
        }
    }

    /// The subject's key of this version, by `load` if it isn't cached.
    pub async fn key<'a>(
        &self,
        now: Timestamp,
        subject: Uuid,
        version: u32,
        load: impl FnOnce() -> BoxFuture<'a, Result<SecretKey, VaultError>> + Send,
    ) -> Result<Arc<DataKey>, VaultError> {
        let load = || load().map_ok(move |secret| Arc::new(DataKey::new(secret, version))).boxed();
        fetch(&self.keys, now, (subject, version), load).await
    }

    /// The subject's newest version, by `load` if it isn't cached.
    pub async fn newest<'a>(
        &self,
        now: Timestamp,
        subject: Uuid,
        load: impl FnOnce() -> BoxFuture<'a, Result<u32, VaultError>> + Send,
    ) -> Result<u32, VaultError> {
        fetch(&self.newest, now, subject, load).await
    }

    /// Which versions make blind indexes, by `load` if it isn't cached.
    pub async fn index_keys<'a>(
        &self,
        now: Timestamp,
        load: impl FnOnce() -> BoxFuture<'a, Result<IndexKeys, VaultError>> + Send,
    ) -> Result<IndexKeys, VaultError> {
        fetch(&self.index_keys, now, (), load).await
    }

    /// Forgets which versions make blind indexes.
    pub async fn forget_index_keys(&self) {
        self.index_keys.invalidate(&()).await;
    }
}

/// `load` is called on a miss only and its future boxed, for it holds a database call: a hit stays small and quick.
async fn fetch<'a, K, T>(
    cache: &Cache<K, Aged<T>>,
    now: Timestamp,
    key: K,
    load: impl FnOnce() -> BoxFuture<'a, Result<T, VaultError>> + Send,
) -> Result<T, VaultError>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    match cache.get(&key).await {
        Some(cached) if cached.is_fresh(now) => return Ok(cached.value),
        Some(_) => cache.invalidate(&key).await,
        None => {}
    }
    let load = load().map_ok(|value| Aged { value, since: now });
    match Box::pin(cache.try_get_with(key, load)).await {
        Ok(loaded) => Ok(loaded.value),
        Err(shared) => Err(VaultError::clone(&shared)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures_util::future::join_all;

    use super::*;

    const SUBJECT: Uuid = Uuid::from_u128(1);
    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// Counts the calls and answers each after others had their turn.
    #[derive(Default)]
    struct Counting {
        calls: AtomicUsize,
        failing: bool,
    }

    impl Counting {
        async fn unwrap(&self) -> Result<SecretKey, VaultError> {
            let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
            tokio::task::yield_now().await;
            let byte = u8::try_from(calls).unwrap();
            if self.failing { Err(VaultError::unavailable("test")) } else { SecretKey::from_bytes(vec![byte; 32]) }
        }
    }

    async fn get(
        keys: &DataKeys,
        keyring: &Counting,
        now: Timestamp,
        version: u32,
    ) -> Result<Arc<DataKey>, VaultError> {
        keys.key(now, SUBJECT, version, || keyring.unwrap().boxed()).await
    }

    fn after(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn parallel_misses_make_one_call_to_the_keyring() {
        let (keys, keyring) = (DataKeys::new(), Counting::default());
        let got = join_all((0..50).map(|_| get(&keys, &keyring, NOW, 1))).await;
        assert!(got.iter().all(|key| key.as_ref().unwrap().for_opening() == &[1; 32]));
        assert_eq!(keyring.calls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_failure_reaches_all_who_wait_and_is_not_kept() {
        let (keys, failing) = (DataKeys::new(), Counting { failing: true, ..Counting::default() });
        let got = join_all((0..5).map(|_| get(&keys, &failing, NOW, 1))).await;
        assert!(got.iter().all(|key| matches!(key, Err(VaultError::Unavailable(_)))));
        assert!(get(&keys, &Counting::default(), NOW, 1).await.is_ok());
    }

    #[tokio::test]
    async fn a_key_is_used_for_300_seconds_and_then_asked_for_again() {
        let (keys, keyring) = (DataKeys::new(), Counting::default());
        for (seconds, calls) in [(0, 1), (299, 1), (300, 2), (599, 2)] {
            get(&keys, &keyring, after(seconds), 1).await.unwrap();
            assert_eq!(keyring.calls.load(Ordering::Relaxed), calls, "after {seconds} s");
        }
    }

    #[tokio::test]
    async fn versions_are_apart_and_the_newest_is_asked_for_once() {
        let (keys, keyring) = (DataKeys::new(), Counting::default());
        let (one, two) = (get(&keys, &keyring, NOW, 1).await.unwrap(), get(&keys, &keyring, NOW, 2).await.unwrap());
        assert_eq!((one.version(), two.version()), (1, 2));
        assert_ne!(one.for_opening(), two.for_opening());
        assert_eq!(keys.newest(NOW, SUBJECT, || async { Ok(2) }.boxed()).await.unwrap(), 2);
        assert_eq!(keys.newest(NOW, SUBJECT, || async { Err(VaultError::Rejected) }.boxed()).await.unwrap(), 2);
        assert_eq!(keys.newest(after(300), SUBJECT, || async { Ok(3) }.boxed()).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn an_evicted_key_is_let_go() {
        let (keys, keyring) = (DataKeys::new(), Counting::default());
        let key = Arc::downgrade(&get(&keys, &keyring, NOW, 1).await.unwrap());
        keys.keys.run_pending_tasks().await;
        assert!(key.upgrade().is_some());
        get(&keys, &keyring, after(300), 1).await.unwrap();
        keys.keys.run_pending_tasks().await;
        assert!(key.upgrade().is_none());
    }

    #[test]
    fn a_key_seals_two_to_the_32_messages_and_still_opens() {
        let key = DataKey::new(SecretKey::from_bytes(vec![7; 32]).unwrap(), 1);
        key.messages.store(MAX_MESSAGES - 1, Ordering::Relaxed);
        assert!(key.for_sealing().is_ok());
        assert!(matches!(key.for_sealing(), Err(VaultError::Exhausted)));
        assert_eq!(key.for_opening(), &[7; 32]);
    }
}
