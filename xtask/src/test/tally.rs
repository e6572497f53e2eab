//! Counting what passed and what failed.

use std::time::Instant;

use crate::run::Result;

/// The counts so far.
#[derive(Default)]
pub struct Tally {
    passed: u64,
    failures: Vec<String>,
    failed: u64,
}

impl Tally {
    /// Runs a check that counts as one test, and says whether it passed.
    pub fn check(&mut self, name: &str, check: impl FnOnce() -> Result) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = check();
        let seconds = start.elapsed().as_secs_f32();
        match outcome {
            Ok(()) => {
                println!("== {name}: passed in {seconds:.1} s");
                self.passed += 1;
                true
            }
            Err(failure) => {
                println!("== {name}: FAILED in {seconds:.1} s: {failure}");
                self.fail(1, format!("{name}: {failure}"));
                false
            }
        }
    }

    /// Adds tests that passed.
    pub fn pass(&mut self, count: u64) {
        self.passed += count;
    }

    /// Adds tests that failed, and what to say about them at the end.
    pub fn fail(&mut self, count: u64, what: String) {
        self.failed += count;
        self.failures.push(what);
    }

    /// How many failed.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Says what failed, then the counts as the last line.
    pub fn report(&self) {
        for failure in &self.failures {
            println!("failed: {failure}");
        }
        println!("{} passed, {} failed", self.passed, self.failed);
    }
}
