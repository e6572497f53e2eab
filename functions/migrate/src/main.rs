//! The migrate function on Lambda: with CodeDeploy's event, what stands between new versions and their traffic; with any
//! other, the migrations alone.

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use migrate::hook::Hook;
use serde_json::Value;
use shared::clock::Clock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init("info");
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| match Hook::of(&event.payload) {
        Some(hook) => {
            let verdict = Box::pin(hook.run(left(event.context.deadline))).await.inspect_err(|error| {
                tracing::error!(%error, "the deployment waits in vain");
            })?;
            Ok::<_, Error>(serde_json::to_value(verdict)?)
        }
        None => migrated().await,
    }))
    .await
}

async fn migrated() -> Result<Value, Error> {
    let report = Box::pin(migrate::by_settings()).await.inspect_err(|error| {
        tracing::error!(%error, "migration failed");
    })?;
    tracing::info!(applied = report.applied.len(), version = report.version, "migrated");
    Ok(serde_json::to_value(report)?)
}

/// How long Lambda lets the function run on; `deadline` is in milliseconds since 1970.
fn left(deadline: u64) -> Duration {
    let now = u64::try_from(Clock::system().now().as_millisecond()).unwrap_or_default();
    Duration::from_millis(deadline.saturating_sub(now))
}
