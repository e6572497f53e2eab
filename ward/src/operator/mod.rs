//! The operator function: this command on Lambda, where the database, the cache and the keys can be reached.
//!
//! An event `{"args": ["user", "list"]}` is answered with what `ward user list` would print. Nobody needs a machine in the
//! private network for that; IAM says who may invoke it, and CloudTrail who did.

mod answer;
mod child;
mod request;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use shared::clock::Clock;

use crate::command::described;
use answer::Answer;
use request::Arguments;

/// What Lambda sets for the program of a function, and for no other.
const ON_LAMBDA: &str = "AWS_LAMBDA_RUNTIME_API";

/// How long before the function's time is over its command is ended, so that the answer still gets out.
const MARGIN: Duration = Duration::from_secs(3);

/// Whether this process is a function on Lambda.
pub fn is_on_lambda() -> bool {
    std::env::var_os(ON_LAMBDA).is_some()
}

/// Answers Lambda's events, one after the other, each by a process of its own. `cli` is what the command understands.
///
/// # Errors
/// Where Lambda's runtime can't be reached.
pub async fn run(cli: clap::Command) -> Result<(), Error> {
    shared::telemetry::init("info");
    let cli = Arc::new(cli);
    lambda_runtime::run(service_fn(move |event| invoke(Arc::clone(&cli), event))).await
}

/// What a command prints may hold a link into an account: it is answered, and never logged.
async fn invoke(cli: Arc<clap::Command>, event: LambdaEvent<Value>) -> Result<Answer, Diagnostic> {
    let started = Instant::now();
    let arguments = Arguments::parse(&event.payload).map_err(|error| failure("NoArguments", &error))?;
    let command = arguments.command(&cli);
    let answer = if let Some(why) = arguments.refusal(&cli) {
        Answer::refused(why)
    } else {
        let ended = child::run(arguments.as_slice(), time_left(event.context.deadline)).await;
        ended.map_err(|error| failure("CommandNotRun", &error))?
    };
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(command, status = answer.status, duration_ms, "ran a command");
    Ok(answer)
}

/// What the caller is told where there is no answer.
fn failure(kind: &str, error: &dyn std::error::Error) -> Diagnostic {
    Diagnostic { error_type: kind.to_owned(), error_message: described(error) }
}

/// How long a command may take where the function is ended at `deadline_ms` after 1970.
fn time_left(deadline_ms: u64) -> Duration {
    let now_ms = u64::try_from(Clock::system().now().as_millisecond()).unwrap_or_default();
    Duration::from_millis(deadline_ms.saturating_sub(now_ms)).saturating_sub(MARGIN)
}
