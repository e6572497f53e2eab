use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use shared::http::{Problem, ProblemBody};
use shared::metrics::{Format, written};
use subtle::ConstantTimeEq;

use crate::App;

/// What was counted, in Prometheus' text format, or as `OpenMetrics` to whoever accepts that. Without the setting
/// `METRICS_TOKEN` there is nothing here.
#[utoipa::path(get, path = "/metrics", tag = "health", security(("metrics_token" = [])),
    params(("Accept" = Option<String>, Header, description = "`application/openmetrics-text` for that format")),
    responses(
        (status = 200, description = "The counters", body = String, content_type = "text/plain"),
        (status = 401, description = "The Authorization header has not the metrics token", body = ProblemBody),
        (status = 404, description = "No metrics are told here", body = ProblemBody),
        (status = 503, description = "The cache, which holds the counters, does not answer", body = ProblemBody),
    ))]
pub(crate) async fn metrics(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let platform = &app.platform;
    let wanted = platform.settings.metrics_token.as_ref().ok_or_else(Problem::not_found)?;
    let given = headers.get(header::AUTHORIZATION).ok_or_else(Problem::unauthenticated)?;
    let expected = format!("Bearer {}", wanted.expose_secret());
    // Tells in its time how long the token is, and nothing of what it says.
    if !bool::from(given.as_bytes().ct_eq(expected.as_bytes())) {
        return Err(Problem::token_invalid());
    }
    let counts = platform.cache.counts().await.map_err(|error| Problem::unavailable().source(error))?;
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let open = accepts.contains("application/openmetrics-text");
    let format = if open { Format::OpenMetrics } else { Format::Prometheus };
    Ok(([(header::CONTENT_TYPE, format.media_type())], written(&counts, format)).into_response())
}
