use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, PathId, Problem, ProblemBody, QueryParams};
use shared::identity::Caller;
use shared::objects::{Promise, Sha256};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::files::{FileBody, FileContent, body};
use crate::App;
use crate::domain::files::direct::{self, CHECKSUM, Signed};
use crate::domain::files::uploads::{self, Announced};
use crate::model::file_name::FileName;

/// What is going to be uploaded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadRequest {
    /// 1 to 255 visible characters; of a path, its last part. Stored sealed.
    original_name: String,
    /// What it is said to be.
    #[schema(example = "application/pdf")]
    mime_type: String,
    /// In bytes, exactly.
    size: u64,
    /// SHA-256 of the content, in hexadecimal.
    content_hash: String,
}

/// Where to upload a file.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadBody {
    /// Id of the file.
    id: Uuid,
    /// Always `PUT`.
    method: &'static str,
    /// Takes this one content. Send no cookies with it.
    url: String,
    /// Headers to send as they are.
    headers: BTreeMap<&'static str, String>,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// What an upload's URL says.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DirectQuery {
    expires: i64,
    signature: String,
}

/// Begins the upload of a large file. It goes straight to the object store, to a URL that holds for 15 minutes and takes
/// exactly what is announced; then `complete` makes a file of it.
#[utoipa::path(post, path = "/api/files/uploads", tag = "files", request_body = UploadRequest, responses(
    (status = 201, description = "Where to upload it", body = UploadBody),
    (status = 400, description = "The name or the hash is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 409, description = "The caller has as many files or bytes as one may have", body = ProblemBody),
    (status = 413, description = "The file is too large, or empty", body = ProblemBody),
    (status = 501, description = "There are no files here", body = ProblemBody),
))]
pub(crate) async fn begin(
    State(app): State<App>,
    caller: Caller,
    JsonBody(request): JsonBody<UploadRequest>,
) -> Result<(StatusCode, Json<UploadBody>), Problem> {
    let announced = Announced {
        name: FileName::parse(&request.original_name)?,
        content_type: request.mime_type,
        size: request.size,
        content_hash: hash(&request.content_hash)?,
    };
    let (id, upload, expires_at) = uploads::begin(&app, &caller, &announced).await?;
    let headers = upload.headers.into_iter().collect();
    Ok((StatusCode::CREATED, Json(UploadBody { id, method: "PUT", url: upload.url, headers, expires_at })))
}

/// Says that an upload is there. It is looked at: what is not what was announced is gone with the answer.
#[utoipa::path(post, path = "/api/files/uploads/{id}/complete", tag = "files",
    params(("id" = Uuid, Path, description = "The file")),
    responses(
        (status = 200, description = "The file", body = FileBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such upload", body = ProblemBody),
        (status = 409, description = "Nothing has been uploaded yet", body = ProblemBody),
        (status = 415, description = "It is a page, a script or a program, and says it were something else", body = ProblemBody),
        (status = 422, description = "Length or checksum are not those announced", body = ProblemBody),
    ))]
pub(crate) async fn complete(State(app): State<App>, caller: Caller, PathId(id): PathId) -> Result<Response, Problem> {
    uploads::complete(&app, &caller, id).await.map(|file| body(file).into_response())
}

/// Takes an upload where the object store is a folder: the URL of an upload leads here in development, and to S3 in AWS,
/// where this is 404. It needs no session: the URL is signed, and says what may be sent.
#[utoipa::path(put, path = "/api/files/direct/{name}", tag = "files", security(()),
    params(("name" = String, Path, description = "The object"), DirectQuery,
        ("x-amz-checksum-sha256" = String, Header, description = "SHA-256 of the content, in base64, as announced")),
    request_body(content = FileContent, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "Stored"),
        (status = 403, description = "The URL is over, changed, or for another upload", body = ProblemBody),
        (status = 404, description = "The object store takes uploads itself", body = ProblemBody),
        (status = 422, description = "Length or checksum are not those announced", body = ProblemBody),
    ))]
pub(crate) async fn receive(
    State(app): State<App>,
    Path(name): Path<String>,
    QueryParams(query): QueryParams<DirectQuery>,
    headers: HeaderMap,
    content: Body,
) -> Result<StatusCode, Problem> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let length = header(header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
    let sha256 = header(CHECKSUM).and_then(|text| Sha256::try_from(STANDARD.decode(text).ok()?).ok());
    let (Some(length), Some(sha256)) = (length, sha256) else { return Err(direct::invalid()) };
    let content_type = header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let signed = Signed {
        name: &name,
        expires: query.expires,
        signature: &query.signature,
        content_type,
        length,
        sha256: &sha256,
    };
    let key = direct::permitted(&app, &signed).await?;
    let promise = Promise { content_type, length, sha256: &sha256 };
    // Past the guard's limit, which is for bodies that are kept in memory: this one is counted as it is written.
    let received = app.objects()?.receive(&key, &promise, content.into_data_stream()).await;
    received.map_err(uploads::refused)?;
    Ok(StatusCode::OK)
}

fn hash(text: &str) -> Result<Sha256, Problem> {
    let digit = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes: Option<Vec<u8>> = (0..32).map(|at| digit(2 * at)).collect();
    bytes.filter(|_| is_hex).and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
        Problem::bad_request("invalid_content_hash", "The content's hash has to be a SHA-256 in hexadecimal")
    })
}
