use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use shared::http::{Problem, ProblemBody};
use shared::identity::{Caller, Proof};

use crate::App;
use crate::domain::export;

/// Everything held on the caller, opened: a zip of NDJSON files, one per kind of record, the files as
/// `files/<id>/<name>`, and last `manifest.json` with the rows, the bytes and the SHA-256 of each, and what could not be
/// opened. An export that was cut off has no manifest and opens as no archive. Secrets such as password hashes and tokens
/// are left out. It needs a recent step-up.
#[utoipa::path(get, path = "/api/account/export", tag = "account", responses(
    (status = 200, description = "The archive", content_type = "application/zip", body = String),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up; no API key may, and no link of another site", body = ProblemBody),
    (status = 429, description = "That was exported often enough today", body = ProblemBody),
))]
pub(crate) async fn export(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    // A link on another site brings the cookie along: nobody else's page begins a download, or uses up the day's.
    let is_elsewhere = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if is_elsewhere && matches!(caller.signed_in.proof, Proof::Cookie(_)) {
        return Err(Problem::forbidden("cross_site", "This request came from a page of another site"));
    }
    let day = app.platform.now().strftime("%Y-%m-%d").to_string();
    let pieces = export::begin(&app, caller).await?;
    // Never an error: what goes wrong ends the body early, and the archive has no directory then.
    let body = stream::unfold(pieces, |mut pieces| async move {
        let piece = pieces.recv().await?;
        Some((Ok::<Bytes, std::convert::Infallible>(piece), pieces))
    });
    let name = HeaderValue::from_str(&format!("attachment; filename=\"ward-export-{day}.zip\""));
    let name = name.unwrap_or(HeaderValue::from_static("attachment"));
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static("application/zip")), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(body)).into_response())
}
