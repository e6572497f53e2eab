use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::checks::{Report, Status};

/// Whether the service answers, and which part does not.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthBody {
    status: Status,
    version: &'static str,
    /// The commit it was built from; `unknown` outside a checkout.
    commit: &'static str,
    checks: Report,
}

/// Checks database, cache and keyring at the same time, a second each. Says which is down, never why.
#[utoipa::path(get, path = "/health", tag = "health", security(()), responses(
    (status = 200, description = "All parts answer", body = HealthBody),
    (status = 503, description = "A part does not answer", body = HealthBody),
))]
pub(crate) async fn health(State(app): State<App>) -> (StatusCode, Json<HealthBody>) {
    let checks = app.checks.report().await;
    let status = checks.status();
    let code = if status == Status::Ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = HealthBody { status, version: env!("CARGO_PKG_VERSION"), commit: env!("WARD_COMMIT"), checks };
    (code, Json(body))
}
