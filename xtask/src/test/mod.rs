//! `cargo xtask test`: every test, and one line at the end.

mod browser;
mod cargo_test;
mod checks;
mod dev_server;
mod fake_github;
mod tally;

use std::time::Instant;

use crate::deploy;
use crate::run::{Failure, Result, cargo, run};
use crate::setup;

pub use tally::Tally;

/// Sets up, builds, runs the tests and the checks, and prints the count as the last line.
pub fn all(filter: Option<&str>) -> Result {
    let mut tally = Tally::default();
    let mut times = Vec::new();
    let ready = timed(&mut times, "setup", setup::all).and_then(|()| timed(&mut times, "build", build));
    match ready {
        Ok(()) => {
            timed(&mut times, "cargo test", || cargo_test::all(filter, &mut tally))?;
            timed(&mut times, "other checks", || {
                checks::all(filter, &mut tally);
                deploy::checks(filter, &mut tally);
                browser::all(filter, &mut tally);
            });
        }
        Err(failure) => tally.fail(1, failure.to_string()),
    }
    println!("\ntook: {}", times.join(", "));
    tally.report();
    if tally.failed() == 0 { Ok(()) } else { Err(Failure::told()) }
}

fn timed<T>(times: &mut Vec<String>, stage: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let outcome = work();
    times.push(format!("{stage} {:.1} s", start.elapsed().as_secs_f32()));
    outcome
}

/// Everything that is run by a test: the functions' binaries, `ward`, and the tests themselves.
fn build() -> Result {
    run(cargo(&["build", "--workspace", "--bins"]))?;
    run(cargo(&["test", "--workspace", "--no-run"]))
}
