//! Where hashes are computed: a few at a time, off the threads that serve requests.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::Block;
use axum::http::{HeaderValue, StatusCode, header};
use shared::config::Passwords;
use shared::http::Problem;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zeroize::Zeroize;

/// Work that takes long or much memory, bounded in number. Cheap to clone; the clones share the bound.
///
/// Each of its workers keeps the memory of a hash: without page faults a hash takes three quarters of the time. It is
/// wiped after each use.
#[derive(Clone)]
pub struct Pool {
    /// A place for each that works or waits.
    places: Arc<Semaphore>,
    /// A place for each that works.
    workers: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Memory>>>,
    /// Blocks a memory may keep.
    kept: usize,
}

impl Pool {
    /// A pool as the settings bound it.
    pub fn new(settings: &Passwords) -> Self {
        Self {
            places: Arc::new(Semaphore::new(settings.pool + settings.queue)),
            workers: Arc::new(Semaphore::new(settings.pool)),
            idle: Arc::default(),
            kept: usize::try_from(settings.memory_kib).unwrap_or_default(),
        }
    }

    /// Runs the work on a thread of its own as soon as a worker is free. A caller that goes away while it waits gives
    /// its place back; work that has begun ends.
    ///
    /// # Errors
    /// 503 `busy` at once where too many wait already.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let worker =
            Arc::clone(&self.workers).acquire_owned().await.map_err(|_| Problem::internal("pool is closed"))?;
        let pool = self.clone();
        let done = spawn_blocking(move || {
            let mut lease = Lease { memory: pool.take(), pool };
            let done = work(&mut lease.memory);
            // The memory is back before the next worker asks for one.
            drop(lease);
            drop((worker, place));
            done
        });
        done.await.map_err(|_| Problem::internal("password work panicked"))
    }

    fn take(&self) -> Memory {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }
}

fn busy() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too many passwords are being checked just now")
        .detail("Try again in a moment.")
        .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
}

/// A worker's memory while it works.
struct Lease {
    memory: Memory,
    pool: Pool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut memory = std::mem::take(&mut self.memory);
        memory.wipe();
        if memory.len() <= self.pool.kept {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        }
    }
}

/// The blocks argon2 fills.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
    /// Blocks from the first that are not zero.
    used: usize,
}

/// There is not as much memory as a hash needs.
#[derive(Debug, thiserror::Error)]
#[error("no memory for a password hash")]
pub(super) struct NoMemory;

impl Memory {
    /// So many blocks of a KiB, of any content.
    ///
    /// # Errors
    /// [`NoMemory`] where the system gives none.
    pub(super) fn blocks(&mut self, count: usize) -> Result<&mut [Block], NoMemory> {
        if self.blocks.len() < count {
            self.wipe();
            self.blocks = Vec::new();
            self.blocks.try_reserve_exact(count).map_err(|_| NoMemory)?;
            self.blocks.resize(count, Block::new());
        }
        self.used = self.used.max(count);
        self.blocks.get_mut(..count).ok_or(NoMemory)
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    fn wipe(&mut self) {
        for block in self.blocks.iter_mut().take(std::mem::take(&mut self.used)) {
            block.as_mut().zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Poll, Waker};

    use axum::response::IntoResponse;

    use super::super::SETTINGS;
    use super::*;

    fn pool(workers: usize, queue: usize) -> Pool {
        Pool::new(&Passwords { pool: workers, queue, ..SETTINGS })
    }

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Work that says it has begun and ends when it is told to.
    fn held() -> (impl FnOnce(&mut Memory) + Send + 'static, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let (begun, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel();
        let work = move |_: &mut Memory| {
            begun.send(()).unwrap();
            may_end.recv().unwrap();
        };
        (work, has_begun, end)
    }

    #[tokio::test]
    async fn one_works_one_waits_and_the_third_is_refused_at_once() {
        let pool = pool(1, 1);
        let (work, has_begun, end) = held();
        let mut first = pin!(pool.run(work));
        assert!(poll(first.as_mut()).is_pending());
        has_begun.recv().unwrap();
        let mut second = pin!(pool.run(|_| "second"));
        assert!(poll(second.as_mut()).is_pending());

        let Poll::Ready(Err(refused)) = poll(pin!(pool.run(|_| ()))) else { panic!("it was not refused at once") };
        assert_eq!(refused.summary().0, "busy");
        let response = refused.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");

        end.send(()).unwrap();
        first.await.unwrap();
        assert_eq!(second.await.unwrap(), "second");
        assert_eq!(pool.run(|_| "later").await.unwrap(), "later");
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_gives_its_place_back_but_not_its_worker() {
        let pool = pool(1, 1);
        let (work, has_begun, end) = held();
        {
            let mut first = pin!(pool.run(work));
            assert!(poll(first.as_mut()).is_pending());
            has_begun.recv().unwrap();
            assert!(poll(pin!(pool.run(|_| ()))).is_pending());
        }
        let mut next = pin!(pool.run(|_| "next"));
        assert!(poll(next.as_mut()).is_pending(), "the first still works");
        end.send(()).unwrap();
        assert_eq!(next.await.unwrap(), "next");
    }

    #[tokio::test]
    async fn a_panic_is_hidden_and_leaves_the_pool_whole() {
        let pool = pool(1, 0);
        let panicked = pool.run(|_| panic!("marker-3c")).await;
        assert_eq!(panicked.err().unwrap().summary().0, "internal");
        assert_eq!(pool.run(|_| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn memory_is_kept_wiped_and_not_beyond_the_settings() {
        let pool = pool(1, 0);
        let kept = pool.kept;
        pool.run(move |memory| memory.blocks(kept).unwrap()[kept - 1].as_mut().fill(7)).await.unwrap();
        let wiped = move |memory: &mut Memory| {
            assert_eq!(memory.len(), kept);
            memory.blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0))
        };
        assert!(pool.run(wiped).await.unwrap());
        pool.run(move |memory| memory.blocks(kept + 1).map(|_| ()).unwrap()).await.unwrap();
        assert_eq!(pool.run(|memory| memory.len()).await.unwrap(), 0);
    }
}
