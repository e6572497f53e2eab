use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::http::{JsonBody, Problem, ProblemBody, QueryParams};
use shared::identity::Caller;
use shared::vault::envelope::plaintext_len;
use utoipa::{IntoParams, ToSchema};

use super::values::etag;
use crate::App;
use crate::domain::keys::{self, Listed, Query};
use crate::model::{Cursor, Metadata, PageSize};
use crate::store::names::Details;

/// Which keys.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeysQuery {
    /// Only keys that begin so. One that could name a person belongs in the body of `POST /api/storage/keys/search`.
    prefix: Option<String>,
    /// How many at most: 1 to 2000, with details 1 to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Whether to tell of each key its version, size, time and metadata.
    #[serde(default)]
    #[param(default = false)]
    details: bool,
    /// Deleted keys that can be restored, instead of those there are.
    #[serde(default)]
    #[param(default = false)]
    deleted: bool,
}

/// A page of keys, sorted within the page.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeysBody {
    keys: Vec<String>,
    /// Of each of the keys, in their order, where details were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Vec<KeyDetails>>,
    /// Where the next page begins; nothing on the last one. A page may hold fewer keys than asked for, or none, and not
    /// be the last.
    next_cursor: Option<String>,
}

/// What is known of a key without opening its value.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyDetails {
    key: String,
    version: i64,
    /// The version as an entity tag, for `If-Match`.
    #[schema(example = "\"7\"")]
    etag: String,
    /// Bytes of the value's JSON.
    bytes: usize,
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it was deleted, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    deleted_at: Option<Timestamp>,
}

impl KeyDetails {
    fn new(key: String, details: Details) -> Result<Self, Problem> {
        Ok(Self {
            key,
            version: details.version,
            etag: etag(details.version),
            bytes: plaintext_len(usize::try_from(details.sealed_bytes).unwrap_or_default()),
            metadata: details.metadata.map(Metadata::stored).transpose()?.map(Metadata::into_raw),
            updated_at: details.updated_at,
            deleted_at: details.deleted_at,
        })
    }
}

/// Keys of the caller, a page at a time.
#[utoipa::path(get, path = "/api/storage/keys", tag = "storage", params(KeysQuery), responses(
    (status = 200, description = "A page of keys", body = KeysBody),
    (status = 400, description = "A parameter is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    QueryParams(query): QueryParams<KeysQuery>,
) -> Result<Json<KeysBody>, Problem> {
    page(&app, &caller, query).await
}

/// The same with what is asked for in the body: URLs are logged and kept, and a prefix can name a person.
#[utoipa::path(post, path = "/api/storage/keys/search", tag = "storage", request_body = KeysQuery, responses(
    (status = 200, description = "A page of keys", body = KeysBody),
    (status = 400, description = "A member is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 422, description = "A member is unknown or of the wrong type", body = ProblemBody),
))]
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    JsonBody(query): JsonBody<KeysQuery>,
) -> Result<Json<KeysBody>, Problem> {
    page(&app, &caller, query).await
}

async fn page(app: &App, caller: &Caller, query: KeysQuery) -> Result<Json<KeysBody>, Problem> {
    let with_details = query.details;
    let query = Query {
        page: PageSize::parse(query.limit, with_details || query.deleted)?,
        after: query.cursor.map(|cursor| Cursor::parse(&cursor)).transpose()?.unwrap_or_default(),
        prefix: query.prefix.unwrap_or_default(),
        details: with_details,
        deleted: query.deleted,
    };
    let (listed, next) = keys::list(app, caller, &query).await?;
    let (mut names, mut details) = (Vec::with_capacity(listed.len()), Vec::new());
    for Listed { name, details: known } in listed {
        if let Some(known) = known {
            details.push(KeyDetails::new(name.clone(), known)?);
        }
        names.push(name);
    }
    let next_cursor = next.map(|cursor| cursor.text());
    Ok(Json(KeysBody { keys: names, details: with_details.then_some(details), next_cursor }))
}
