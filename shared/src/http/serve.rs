//! Hands a router to the Lambda runtime.

use axum::Router;
use lambda_http::Error;

use crate::config::Settings;
use crate::{Platform, StartError, telemetry};

/// A function could not start or stopped.
pub type ServeError = Error;

/// Starts a function: settings, platform, router; buffered answers.
///
/// # Errors
/// [`StartError`] in a box, or the runtime's own error.
pub async fn serve(router: impl FnOnce(Platform) -> Result<Router, StartError>) -> Result<(), ServeError> {
    lambda_http::run(router(start().await?)?).await
}

/// The same with streamed answers: each route's body goes out as it is made.
///
/// # Errors
/// [`StartError`] in a box, or the runtime's own error.
pub async fn serve_streaming(router: impl FnOnce(Platform) -> Result<Router, StartError>) -> Result<(), ServeError> {
    lambda_http::run_with_streaming_response(router(start().await?)?).await
}

async fn start() -> Result<Platform, StartError> {
    telemetry::init("info");
    let started = async { Platform::connect(Settings::load().await?).await }.await;
    if let Err(error) = &started {
        tracing::error!(%error, "the function can't start");
    }
    started
}
