use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::http::{JsonBody, Problem, ProblemBody, QueryParams, entity_tag};
use shared::identity::Caller;
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::domain::values::{self, Opened, Stored};
use crate::domain::versions;
use crate::model::{Condition, Key, Metadata, Value};

/// A key and its value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetBody {
    /// 1 to 255 characters. Stored sealed.
    key: String,
    /// Any JSON up to 4 MB and 100 levels. Stored sealed.
    #[schema(value_type = Value)]
    value: Box<RawValue>,
    /// An object up to 8 KB and 16 levels, in place of what there was. Stored in clear: no PHI belongs in it.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
}

/// What was stored, and when.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoredBody {
    pub(super) key: String,
    /// Rises with each change, and never comes back.
    pub(super) version: i64,
    /// The version as an entity tag, for `If-Match`.
    #[schema(example = "\"7\"")]
    pub(super) etag: String,
    #[schema(value_type = String, format = DateTime)]
    pub(super) updated_at: Timestamp,
}

impl StoredBody {
    pub(super) fn new(key: Key, stored: &Stored) -> Self {
        let Stored { version, updated_at } = *stored;
        Self { key: key.into_string(), version, etag: etag(version), updated_at }
    }

    /// With the version as `ETag`, too.
    pub(super) fn tagged(self) -> Response {
        ([(header::ETAG, entity_tag(self.version))], Json(self)).into_response()
    }
}

/// A stored value.
#[derive(Serialize, ToSchema)]
pub(crate) struct ValueBody {
    key: String,
    /// The JSON as it was set.
    #[schema(value_type = Value)]
    value: Box<RawValue>,
    version: i64,
    /// The version as an entity tag, for `If-Match` and `If-None-Match`.
    #[schema(example = "\"7\"")]
    etag: String,
    /// As it was set.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl ValueBody {
    fn new(key: Key, opened: Opened) -> Result<Self, Problem> {
        Ok(Self {
            key: key.into_string(),
            version: opened.version,
            etag: etag(opened.version),
            updated_at: opened.updated_at,
            metadata: opened.metadata.map(Metadata::into_raw),
            value: raw(opened.json.as_ref().map_or(&[], |json| json.as_slice()))?,
        })
    }
}

/// Names a key.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyQuery {
    /// The key. Choose keys that name no person: a URL may be kept by what stands between. The batch forms take keys in
    /// the body.
    key: String,
}

/// Names a key, and which version of it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValueQuery {
    /// The key. Choose keys that name no person: a URL may be kept by what stands between. The batch form takes keys in
    /// the body.
    key: String,
    /// A former version, or the newest.
    version: Option<i64>,
}

/// How many keys there were.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClearedBody {
    deleted: u64,
}

/// Stores a value under a key, in place of what stood there, which stays as a former version.
#[utoipa::path(post, path = "/api/storage/set", tag = "storage", request_body = SetBody,
    params(
        ("If-Match" = Option<String>, Header, description = "The `ETag` the change is based on; `*` for any there is"),
        ("If-None-Match" = Option<String>, Header, description = "`*` to create only"),
    ),
    responses(
        (status = 200, description = "Stored; the new version is the `ETag`", body = StoredBody),
        (status = 400, description = "The key is not of its form, or a header no entity tag", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 409, description = "There are too many keys, or the storage is full", body = ProblemBody),
        (status = 412, description = "The key is not of the version you know", body = ProblemBody),
        (status = 413, description = "The value is over 4 MB, or the metadata over 8 KB", body = ProblemBody),
        (status = 422, description = "The value nests too deep, or the metadata is no sound object", body = ProblemBody),
    ))]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(body): JsonBody<SetBody>,
) -> Result<Response, Problem> {
    let condition = Condition::of(&headers)?;
    let (key, value) = (Key::parse(body.key)?, Value::parse(body.value)?);
    let metadata = body.metadata.map(Metadata::parse).transpose()?;
    let stored = values::set(&app, &caller, &key, &value, metadata.as_ref(), &condition).await?;
    Ok(StoredBody::new(key, &stored).tagged())
}

/// The value under a key, the newest or a former version.
#[utoipa::path(get, path = "/api/storage/get", tag = "storage",
    params(ValueQuery, ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what is known already")),
    responses(
        (status = 200, description = "The value", body = ValueBody),
        (status = 304, description = "It is as it was"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such key or version", body = ProblemBody),
    ))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    QueryParams(query): QueryParams<ValueQuery>,
) -> Result<Response, Problem> {
    let key = Key::parse(query.key)?;
    let opened = match query.version {
        Some(version) => versions::get(&app, &caller, &key, version).await?,
        None => values::get(&app, &caller, &key, &Condition::known(&headers)).await?,
    };
    let tag = [(header::ETAG, entity_tag(opened.version))];
    if opened.json.is_none() {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Json(ValueBody::new(key, opened)?)).into_response())
}

/// Deletes a key. Its value can be restored for 30 days.
#[utoipa::path(delete, path = "/api/storage/delete", tag = "storage",
    params(KeyQuery, ("If-Match" = Option<String>, Header, description = "The `ETag` the change is based on")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such key", body = ProblemBody),
        (status = 412, description = "The key is not of the version you know", body = ProblemBody),
    ))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    QueryParams(query): QueryParams<KeyQuery>,
) -> Result<StatusCode, Problem> {
    let condition = Condition::of(&headers)?;
    let deleted = values::delete(&app, &caller, &Key::parse(query.key)?, &condition).await?;
    if deleted { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}

/// Deletes every key of the caller. Their values can be restored for 30 days.
#[utoipa::path(post, path = "/api/storage/clear", tag = "storage", responses(
    (status = 200, description = "How many there were", body = ClearedBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn clear(State(app): State<App>, caller: Caller) -> Result<Json<ClearedBody>, Problem> {
    Ok(Json(ClearedBody { deleted: values::clear(&app, &caller).await? }))
}

/// The version as bodies tell it.
pub(super) fn etag(version: i64) -> String {
    String::from_utf8_lossy(HeaderValue::as_bytes(&entity_tag(version))).into_owned()
}

/// Opened bytes as the JSON they were.
pub(super) fn raw(json: &[u8]) -> Result<Box<RawValue>, Problem> {
    serde_json::from_slice(json).map_err(|_| Problem::internal("a stored value is not JSON"))
}
