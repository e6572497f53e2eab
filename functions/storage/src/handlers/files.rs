use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{EntityTags, IdCursor, JsonBody, PathId, Problem, ProblemBody, QueryParams, RawBody, entity_tag};
use shared::identity::Caller;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use crate::App;
use crate::domain::files::{self, File, create};
use crate::domain::hexadecimal;
use crate::model::file_name::FileName;
use crate::model::file_state::FileState;

const USUAL_PAGE: usize = 50;
const LARGEST_PAGE: usize = 100;

/// The bytes of a file.
pub(crate) struct FileContent;

impl PartialSchema for FileContent {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(binary)).into()
    }
}

impl ToSchema for FileContent {}

/// A file, without its content.
#[derive(Serialize, ToSchema)]
pub(crate) struct FileBody {
    id: Uuid,
    /// Stored sealed.
    #[schema(example = "Befund.pdf")]
    original_name: String,
    /// What it is by its first bytes, and what it is served as.
    #[schema(example = "application/pdf")]
    mime_type: String,
    /// In bytes.
    size: u64,
    /// SHA-256, in lower-case hexadecimal. Stored sealed.
    content_hash: String,
    state: FileState,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its content was complete.
    #[schema(value_type = Option<String>, format = DateTime)]
    uploaded_at: Option<Timestamp>,
}

impl From<File> for FileBody {
    fn from(file: File) -> Self {
        Self {
            id: file.id,
            original_name: file.original_name.into_string(),
            mime_type: file.mime_type,
            size: file.size,
            content_hash: hexadecimal(&file.content_hash),
            state: file.state,
            created_at: file.created_at,
            uploaded_at: file.uploaded_at,
        }
    }
}

/// Which files.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilesQuery {
    /// How many at most: 1 to 100, 50 where it is not said.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of files, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct FilesBody {
    files: Vec<FileBody>,
    /// Where the next page begins; nothing on the last one.
    next_cursor: Option<String>,
}

/// What is to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileChange {
    /// 1 to 255 visible characters; of a path, its last part. Stored sealed.
    original_name: String,
}

/// Stores a file of up to 4 MiB, sealed. Its name stands in `Content-Disposition`, never in the URL; its type is read off its
/// first bytes, and `Content-Type` is not believed.
#[utoipa::path(post, path = "/api/files", tag = "files",
    params(("Content-Disposition" = String, Header,
        description = "`attachment; filename*=UTF-8''` and the name, percent-encoded (RFC 8187)")),
    request_body(content = FileContent, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "The file", body = FileBody),
        (status = 400, description = "The name is missing or not of its form", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 409, description = "The caller has as many files or bytes as one may have", body = ProblemBody),
        (status = 413, description = "The file is over 4 MiB", body = ProblemBody),
        (status = 415, description = "It is a page, a script or a program, and says it were something else", body = ProblemBody),
        (status = 501, description = "There are no files here", body = ProblemBody),
    ))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    RawBody(content): RawBody,
) -> Result<Response, Problem> {
    let name = FileName::of_request(&headers)?;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let file = create::create(&app, &caller, name, content_type, content).await?;
    Ok((StatusCode::CREATED, body(file)).into_response())
}

/// The caller's files, the newest first.
#[utoipa::path(get, path = "/api/files", tag = "files", params(FilesQuery), responses(
    (status = 200, description = "A page of files", body = FilesBody),
    (status = 400, description = "A parameter is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 501, description = "There are no files here", body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    QueryParams(query): QueryParams<FilesQuery>,
) -> Result<Json<FilesBody>, Problem> {
    let limit = query.limit.unwrap_or(USUAL_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::bad_request("invalid_limit", "A page has 1 to 100 files"));
    }
    let before = query.cursor.map(|cursor| IdCursor::parse(&cursor)).transpose()?.map(IdCursor::id);
    let (files, more) = files::list(&app, &caller, before, limit).await?;
    let next_cursor = files.last().filter(|_| more).map(|file| IdCursor::behind(file.id).text());
    Ok(Json(FilesBody { files: files.into_iter().map(FileBody::from).collect(), next_cursor }))
}

/// What is known of a file, with a version as `ETag`.
#[utoipa::path(get, path = "/api/files/{id}", tag = "files",
    params(("id" = Uuid, Path, description = "The file")),
    responses(
        (status = 200, description = "The file", body = FileBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such file", body = ProblemBody),
    ))]
pub(crate) async fn read(State(app): State<App>, caller: Caller, PathId(id): PathId) -> Result<Response, Problem> {
    files::read(&app, &caller, id).await.map(|file| body(file).into_response())
}

/// Gives a file another name. With `If-Match` only where it is still of that version.
#[utoipa::path(patch, path = "/api/files/{id}", tag = "files", request_body = FileChange,
    params(
        ("id" = Uuid, Path, description = "The file"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` the change is based on"),
    ),
    responses(
        (status = 200, description = "The file as it is now", body = FileBody),
        (status = 400, description = "The name is not of its form", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such file", body = ProblemBody),
        (status = 412, description = "Somebody else has changed it meanwhile", body = ProblemBody),
    ))]
pub(crate) async fn rename(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    headers: HeaderMap,
    JsonBody(change): JsonBody<FileChange>,
) -> Result<Response, Problem> {
    let (condition, name) = (EntityTags::if_match(&headers)?, FileName::parse(&change.original_name)?);
    let file = files::rename(&app, &caller, id, &name, condition.as_ref()).await?;
    Ok(body(file).into_response())
}

/// Deletes a file and its content. With `If-Match` only where it is still of that version.
#[utoipa::path(delete, path = "/api/files/{id}", tag = "files",
    params(
        ("id" = Uuid, Path, description = "The file"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what is to go"),
    ),
    responses(
        (status = 204, description = "Gone"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such file", body = ProblemBody),
        (status = 412, description = "Somebody else has changed it meanwhile", body = ProblemBody),
    ))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let condition = EntityTags::if_match(&headers)?;
    files::delete(&app, &caller, id, condition.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A file with its version as `ETag`.
pub(super) fn body(file: File) -> impl IntoResponse {
    ([(header::ETAG, entity_tag(file.version))], Json(FileBody::from(file)))
}
