//! The line to Redis: opened when it is first needed, and again after it broke.
//!
//! Nothing happens between requests, for a frozen Lambda sandbox would not do it: a new connection is made when somebody
//! waits for it, and signs in with a token of that moment. Whoever finds the line broken hears so; the next one has a new
//! line. Any failure to open is forgotten, so that a refused token or a wrong moment doesn't keep the cache away for good.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use jiff::{SignedDuration, Timestamp};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisError, RedisFuture, RedisResult, Value};

use super::server::Server;
use crate::clock::Clock;

/// `ElastiCache` ends a connection twelve hours after its token signed it in: it gets a new one before.
const LONGEST: SignedDuration = SignedDuration::from_hours(11);

type Opening = Shared<BoxFuture<'static, RedisResult<MultiplexedConnection>>>;

/// A connection that mends itself. Cheap to clone.
#[derive(Clone)]
pub(super) struct Line(Arc<Inner>);

struct Inner {
    server: Arc<Server>,
    clock: Clock,
    current: Mutex<Option<(Opening, Timestamp)>>,
}

impl Line {
    /// Opens nothing yet.
    pub(super) fn to(server: Server, clock: Clock) -> Self {
        Self(Arc::new(Inner { server: Arc::new(server), clock, current: Mutex::default() }))
    }

    /// The opening everybody waits for, begun by the first.
    fn opening(&self) -> Opening {
        let mut current = self.0.current.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.0.clock.now();
        if let Some((opening, since)) = &*current
            && now.duration_since(*since) < LONGEST
        {
            return opening.clone();
        }
        let server = Arc::clone(&self.0.server);
        let opening = async move { server.open().await }.boxed().shared();
        *current = Some((opening.clone(), now));
        opening
    }

    /// Lets the next call open another line, unless somebody has already.
    fn forget(&self, broken: &Opening) {
        let mut current = self.0.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|(opening, _)| opening.ptr_eq(broken)) {
            *current = None;
        }
    }

    async fn call<T>(&self, command: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>) -> RedisResult<T> {
        let opening = self.opening();
        let mut connection = opening.clone().await.inspect_err(|_| self.forget(&opening))?;
        command(&mut connection).await.inspect_err(|error| {
            if is_broken(error) {
                self.forget(&opening);
            }
        })
    }
}

/// Whether another connection may fare better. One that gives no answer in time may be one whose server went away while
/// the sandbox was frozen, and which nobody will ever answer.
fn is_broken(error: &RedisError) -> bool {
    error.is_unrecoverable_error() || error.is_timeout()
}

impl ConnectionLike for Line {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        self.call(async |connection| connection.send_packed_command(command).await).boxed()
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.call(async move |connection| connection.send_packed_commands(pipeline, offset, count).await).boxed()
    }

    fn get_db(&self) -> i64 {
        self.0.server.database()
    }
}
