//! The cache in Redis 7 or Valkey.

use std::collections::BTreeMap;

use redis::{RedisError, Script};

use super::line::Line;
use super::{Admission, Admitted, CacheError, Lookup, METRICS, TOMBSTONE, cached};

/// Finds the session and counts the request against its user, where that was asked, or against who was named.
const ADMIT: &str = r"
local session = ''
if KEYS[1] ~= ARGV[1] then session = redis.call('GET', KEYS[1]) or '' end
local who = ARGV[2]
if #session > 46 then
    local user = string.sub(session, 1, 36)
    local floor = redis.call('GET', ARGV[1] .. 'floor:' .. user)
    if floor and string.sub(session, 37, 46) < floor then session = '' elseif ARGV[5] == '1' then who = user end
end
local counter = ARGV[1] .. 'limit:' .. who .. ':' .. ARGV[3]
local hits = redis.call('INCR', counter)
if hits == 1 then redis.call('EXPIRE', counter, ARGV[4]) end
return {session, hits}";

const PUT_UNLESS: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end";

const PUT_NEWER: &str = r"
local there = redis.call('GET', KEYS[1])
if not there or string.sub(there, 1, 10) <= string.sub(ARGV[1], 1, 10) then
    redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end";

const COUNT: &str = r"
local hits = redis.call('INCR', KEYS[1])
if hits == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return hits";

/// Finds a value of the newest generation, and counts whether there was one.
const LOOK_UP: &str = r"
local newest = redis.call('GET', KEYS[1])
local value = redis.call('GET', KEYS[2])
local hit = newest and value and string.sub(value, 1, 10) == string.sub(newest, 1, 10)
redis.call('HINCRBY', KEYS[3], hit and ARGV[1] or ARGV[2], 1)
return hit and value";

pub(super) struct Redis {
    connection: Line,
    prefix: String,
    admit: Script,
    put_unless: Script,
    put_newer: Script,
    count: Script,
    look_up: Script,
}

impl Redis {
    pub(super) fn new(connection: Line, prefix: &str) -> Self {
        Self {
            connection,
            prefix: prefix.to_owned(),
            admit: Script::new(ADMIT),
            put_unless: Script::new(PUT_UNLESS),
            put_newer: Script::new(PUT_NEWER),
            count: Script::new(COUNT),
            look_up: Script::new(LOOK_UP),
        }
    }

    pub(super) async fn admit(&self, admission: &Admission<'_>) -> Result<Admitted, CacheError> {
        let (session, hits): (Vec<u8>, u64) = self
            .admit
            .key(self.key(admission.session.unwrap_or_default()))
            .arg(&self.prefix)
            .arg(admission.who)
            .arg(admission.window)
            .arg(admission.keep_seconds)
            .arg(u8::from(admission.or_user))
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(|error| failed(&error, "admitting a request"))?;
        Ok(Admitted { session: cached(Some(session)), hits })
    }

    pub(super) async fn put(&self, key: &str, value: &[u8], ttl_seconds: i64) -> Result<(), CacheError> {
        redis::cmd("SET")
            .arg(self.key(key))
            .arg(value)
            .arg("EX")
            .arg(ttl_seconds)
            .query_async(&mut self.connection.clone())
            .await
            .map_err(|error| failed(&error, "putting a value"))
    }

    pub(super) async fn put_unless_revoked(&self, key: &str, value: &[u8], ttl: i64) -> Result<(), CacheError> {
        self.put_unless
            .key(self.key(key))
            .arg(TOMBSTONE)
            .arg(value)
            .arg(ttl)
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(|error| failed(&error, "putting a session"))
    }

    pub(super) async fn put_newer(&self, key: &str, value: &[u8], ttl: i64) -> Result<(), CacheError> {
        self.put_newer
            .key(self.key(key))
            .arg(value)
            .arg(ttl)
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(|error| failed(&error, "putting a versioned value"))
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        redis::cmd("GET")
            .arg(self.key(key))
            .query_async(&mut self.connection.clone())
            .await
            .map_err(|error| failed(&error, "getting a value"))
    }

    pub(super) async fn count(&self, bucket: &str, keep_seconds: i64) -> Result<u64, CacheError> {
        self.count
            .key(self.key(bucket))
            .arg(keep_seconds)
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(|error| failed(&error, "counting"))
    }

    pub(super) async fn look_up(&self, wanted: Lookup<'_>) -> Result<Option<Vec<u8>>, CacheError> {
        self.look_up
            .key(self.key(wanted.generation))
            .key(self.key(wanted.key))
            .key(self.key(METRICS))
            .arg(wanted.hit.series())
            .arg(wanted.miss.series())
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(|error| failed(&error, "looking a value up"))
    }

    pub(super) async fn counts(&self) -> Result<BTreeMap<String, u64>, CacheError> {
        redis::cmd("HGETALL")
            .arg(self.key(METRICS))
            .query_async(&mut self.connection.clone())
            .await
            .map_err(|error| failed(&error, "reading the counters"))
    }

    pub(super) async fn ping(&self) -> Result<(), CacheError> {
        redis::cmd("PING").query_async(&mut self.connection.clone()).await.map_err(|error| failed(&error, "pinging"))
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// Says what failed by the error's kind: its text could hold a value.
fn failed(error: &RedisError, action: &'static str) -> CacheError {
    tracing::debug!(kind = ?error.kind(), action, "cache call failed");
    CacheError(action)
}
