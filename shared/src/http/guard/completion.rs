//! A request that changes something is carried through, also where the client goes away: otherwise whoever takes over an
//! account could hang up before its owner is told.

use std::panic::resume_unwind;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::http::Problem;

pub(super) async fn carry_through(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        // The layer around all of this makes an answer of it.
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(_) => Problem::internal("a request was interrupted").into_response(),
    }
}
