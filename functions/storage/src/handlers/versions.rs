use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::http::{JsonBody, Problem, ProblemBody};
use shared::identity::Caller;
use shared::vault::envelope::plaintext_len;
use utoipa::ToSchema;

use super::values::StoredBody;
use crate::App;
use crate::domain::versions;
use crate::model::{Condition, Key, Metadata};
use crate::store::versions::Former;

/// Names a key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VersionsQuery {
    key: String,
}

/// A key's former versions, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionsBody {
    versions: Vec<VersionBody>,
}

/// A former version.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionBody {
    version: i64,
    /// Bytes of the value's JSON.
    bytes: usize,
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
    /// When it was stored.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When another took its place, or the key was deleted. It can be restored for 30 days from then.
    #[schema(value_type = String, format = DateTime)]
    replaced_at: Timestamp,
}

impl VersionBody {
    fn new(former: Former) -> Result<Self, Problem> {
        Ok(Self {
            version: former.version,
            bytes: plaintext_len(usize::try_from(former.sealed_bytes).unwrap_or_default()),
            metadata: former.metadata.map(Metadata::stored).transpose()?.map(Metadata::into_raw),
            updated_at: former.updated_at,
            replaced_at: former.replaced_at,
        })
    }
}

/// Names a key and a former version of it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreBody {
    key: String,
    version: i64,
}

/// Names a key, or none for all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgetBody {
    key: Option<String>,
}

/// How many versions there were.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForgottenBody {
    forgotten: u64,
}

/// The former versions of a key: at most the 100 newest of the last 30 days, with a deleted key's last one among them.
#[utoipa::path(post, path = "/api/storage/versions/search", tag = "storage", request_body = VersionsQuery, responses(
    (status = 200, description = "The versions; none of a key there never was", body = VersionsBody),
    (status = 400, description = "The key is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    JsonBody(query): JsonBody<VersionsQuery>,
) -> Result<Json<VersionsBody>, Problem> {
    let former = versions::list(&app, &caller, &Key::parse(query.key)?).await?;
    let versions = former.into_iter().map(VersionBody::new).collect::<Result<_, _>>()?;
    Ok(Json(VersionsBody { versions }))
}

/// Makes a former version the newest again, with its metadata, under a new number. A deleted key is there again.
#[utoipa::path(post, path = "/api/storage/versions/restore", tag = "storage", request_body = RestoreBody,
    params(
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what is the newest now"),
        ("If-None-Match" = Option<String>, Header, description = "`*` where the key is deleted"),
    ),
    responses(
        (status = 200, description = "Restored; the new version is the `ETag`", body = StoredBody),
        (status = 400, description = "The key is not of its form", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "The key has no such former version", body = ProblemBody),
        (status = 409, description = "There are too many keys, or the storage is full", body = ProblemBody),
        (status = 412, description = "The key is not of the version you know", body = ProblemBody),
    ))]
pub(crate) async fn restore(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(body): JsonBody<RestoreBody>,
) -> Result<Response, Problem> {
    let (key, condition) = (Key::parse(body.key)?, Condition::of(&headers)?);
    let stored = versions::restore(&app, &caller, &key, body.version, &condition).await?;
    Ok(StoredBody::new(key, &stored).tagged())
}

/// Forgets former versions and deleted keys for good, of one key or of all; what there is stays. No API key may: what
/// overwrites values by a leaked key can't make that final.
#[utoipa::path(post, path = "/api/storage/versions/forget", tag = "storage", request_body = ForgetBody, responses(
    (status = 200, description = "How many there were", body = ForgottenBody),
    (status = 400, description = "The key is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn forget(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<ForgetBody>,
) -> Result<Json<ForgottenBody>, Problem> {
    let key = body.key.map(Key::parse).transpose()?;
    Ok(Json(ForgottenBody { forgotten: versions::forget(&app, &caller, key.as_ref()).await? }))
}
