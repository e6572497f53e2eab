//! The maintenance function on Lambda: run by a schedule, with any event.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use shared::Platform;
use shared::config::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::telemetry::init("info");
    let app = maintenance::App::new(&Platform::connect(Settings::load().await?).await?)?;
    lambda_runtime::run(service_fn(async |_: LambdaEvent<Value>| {
        let report = Box::pin(maintenance::run(&app)).await?;
        tracing::info!(?report, "maintained");
        Ok::<_, Error>(report)
    }))
    .await
}
