//! The request's id, and one log line for each request.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

use super::address::client_address;
use crate::Platform;
use crate::http::ProblemBody;
use crate::identity::RequestMeta;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request its id, logs its outcome, and writes the id into the answer.
///
/// The route's pattern is logged, not the path: an id or a key in a path belongs to somebody.
pub(super) async fn trace(State(platform): State<Platform>, mut request: Request, next: Next) -> Response {
    let began = platform.now();
    let id = platform.random.id(began).unwrap_or(Uuid::nil());
    let address = client_address(request.extensions());
    request.extensions_mut().insert(RequestMeta { id, address });
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());

    let mut response = next.run(request).await;

    let duration_ms = platform.now().duration_since(began).as_secs_f64() * 1_000.0;
    // Of two versions that take turns during a rollout, an alarm has to know which one fails.
    let version = platform.settings.function_version.as_deref();
    tracing::info!(%method, route, status = response.status().as_u16(), duration_ms, version, request_id = %id, "request");
    if let Some(mut body) = response.extensions_mut().remove::<ProblemBody>() {
        body.request_id = Some(id.to_string());
        if let Ok(json) = serde_json::to_vec(&body) {
            response.headers_mut().remove(axum::http::header::CONTENT_LENGTH);
            *response.body_mut() = Body::from(json);
        }
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
