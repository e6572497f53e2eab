use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use shared::clock::Clock;

/// A clock that stands still until a test moves it.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    /// A clock that shows `at`.
    pub fn at(at: &str) -> Self {
        Self(Arc::new(Mutex::new(at.parse().expect("a timestamp"))))
    }

    /// Moves it.
    pub fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    /// The clock as the application takes it.
    pub fn clock(&self) -> Clock {
        let this = self.clone();
        Clock::from_fn(move || this.now())
    }
}
