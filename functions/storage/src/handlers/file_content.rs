use std::ops::Range;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use shared::http::{EntityTags, PathId, Problem, ProblemBody, SANDBOX};
use shared::identity::Caller;

use super::files::FileContent;
use crate::App;
use crate::domain::files::content::{self, Download};
use crate::domain::hexadecimal;
use crate::model::byte_range::{Asked, asked};

/// The content of a file, or a part of it: always as an attachment. A large one is fetched from the object store, to which the
/// answer leads by a URL that holds for 5 minutes.
#[utoipa::path(get, path = "/api/files/{id}/content", tag = "files",
    params(
        ("id" = Uuid, Path, description = "The file"),
        ("Range" = Option<String>, Header, description = "One range of bytes; several are answered with the whole"),
        ("If-Range" = Option<String>, Header, description = "The `ETag` the range belongs to"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what is known already"),
    ),
    responses(
        (status = 200, description = "The content", body = FileContent, content_type = "application/octet-stream"),
        (status = 206, description = "The part of it", body = FileContent, content_type = "application/octet-stream"),
        (status = 304, description = "It is as it was"),
        (status = 307, description = "It is at the URL in `Location`"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The scanner found something in it", body = ProblemBody),
        (status = 404, description = "There is no such file", body = ProblemBody),
        (status = 409, description = "It is not uploaded or not scanned yet", body = ProblemBody),
        (status = 416, description = "It has no such range", body = ProblemBody),
    ))]
pub(crate) async fn content(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let download = content::download(&app, &caller, id).await?;
    let hash = hexadecimal(&download.file.content_hash);
    let tag = text(&format!("\"{hash}\""));
    if EntityTags::if_none_match(&headers).is_some_and(|tags| tags.name_weakly(&hash)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    if let Some(url) = download.url(&app).await? {
        let url = HeaderValue::from_str(&url).map_err(|_| Problem::internal("a URL is no header"))?;
        return Ok((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, url)]).into_response());
    }
    let size = download.file.size;
    // Another version's range would be put together with this one's.
    let same = headers.get(header::IF_RANGE).is_none_or(|wanted| *wanted == tag);
    let wanted = headers.get(header::RANGE).filter(|_| same).and_then(|value| value.to_str().ok());
    let (status, range) = match asked(wanted, size) {
        Asked::Whole => (StatusCode::OK, 0..size),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Asked::Unsatisfiable => return Err(unsatisfiable(size)),
    };
    let body = download.content(&app, &caller, range.clone()).await?;
    // Whoever reads it is told by the length that it is not all there.
    let body = Body::from_stream(body.inspect_err(Problem::log));
    let mut response = (status, body).into_response();
    describe(&download, tag, &range, response.headers_mut());
    if status == StatusCode::PARTIAL_CONTENT {
        let place = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        response.headers_mut().insert(header::CONTENT_RANGE, text(&place));
    }
    Ok(response)
}

fn describe(download: &Download, tag: HeaderValue, range: &Range<u64>, headers: &mut HeaderMap) {
    let file = &download.file;
    // Text without a word on its characters is guessed at.
    let kind = if file.mime_type == "text/plain" { "text/plain; charset=utf-8" } else { &file.mime_type };
    headers.insert(header::CONTENT_TYPE, text(kind));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    headers.insert(header::CONTENT_DISPOSITION, file.original_name.disposition());
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, tag);
}

/// A header's value from text of our own.
fn text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

fn unsatisfiable(size: u64) -> Problem {
    Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", "There is no such range")
        .header(header::CONTENT_RANGE, text(&format!("bytes */{size}")))
}
