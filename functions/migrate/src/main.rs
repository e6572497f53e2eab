//! The migrate function on Lambda: run by hand or by a deployment, with any event.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use secrecy::ExposeSecret;
use serde_json::Value;
use shared::config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init("info");
    lambda_runtime::run(service_fn(async |_: LambdaEvent<Value>| {
        let url = config::database_url().await?;
        let report = migrate::run(url.expose_secret()).await.inspect_err(|error| {
            tracing::error!(%error, "migration failed");
        })?;
        tracing::info!(applied = report.applied.len(), version = report.version, "migrated");
        Ok::<_, Error>(report)
    }))
    .await
}
