use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::http::{JsonBody, Problem, ProblemBody, QueryParams};
use shared::identity::Caller;
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::domain::values;
use crate::model::{Key, Value};

/// A key and its value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetBody {
    /// 1 to 255 characters. Stored sealed.
    key: String,
    /// Any JSON up to 4 MB. Stored sealed.
    #[schema(value_type = Value)]
    value: Box<RawValue>,
}

/// What was stored, and when.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoredBody {
    key: String,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A stored value.
#[derive(Serialize, ToSchema)]
pub(crate) struct ValueBody {
    key: String,
    /// The JSON as it was set.
    #[schema(value_type = Value)]
    value: Box<RawValue>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Names a key.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyQuery {
    /// The key. Choose keys that name no person: a URL may be kept by what stands between.
    key: String,
}

/// How many keys there were.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClearedBody {
    deleted: u64,
}

/// All keys, sorted.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeysBody {
    keys: Vec<String>,
}

/// Stores a value under a key, in place of what stood there.
#[utoipa::path(post, path = "/api/storage/set", tag = "storage", request_body = SetBody, responses(
    (status = 200, description = "Stored", body = StoredBody),
    (status = 400, description = "The key is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 413, description = "The value is over 4 MB", body = ProblemBody),
))]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<SetBody>,
) -> Result<Json<StoredBody>, Problem> {
    let (key, value) = (Key::parse(body.key)?, Value::parse(body.value)?);
    let updated_at = values::set(&app, &caller, &key, &value).await?;
    Ok(Json(StoredBody { key: key.into_string(), updated_at }))
}

/// The value under a key.
#[utoipa::path(get, path = "/api/storage/get", tag = "storage", params(KeyQuery), responses(
    (status = 200, description = "The value", body = ValueBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 404, description = "There is no such key", body = ProblemBody),
))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    QueryParams(query): QueryParams<KeyQuery>,
) -> Result<Json<ValueBody>, Problem> {
    let key = Key::parse(query.key)?;
    let (json, updated_at) = values::get(&app, &caller, &key).await?;
    let value = serde_json::from_slice(&json).map_err(|_| Problem::internal("a stored value is not JSON"))?;
    Ok(Json(ValueBody { key: key.into_string(), value, updated_at }))
}

/// Forgets a key and its value.
#[utoipa::path(delete, path = "/api/storage/delete", tag = "storage", params(KeyQuery), responses(
    (status = 204, description = "Forgotten"),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 404, description = "There is no such key", body = ProblemBody),
))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    QueryParams(query): QueryParams<KeyQuery>,
) -> Result<StatusCode, Problem> {
    let deleted = values::delete(&app, &caller, &Key::parse(query.key)?).await?;
    if deleted { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}

/// Forgets every key of the caller.
#[utoipa::path(post, path = "/api/storage/clear", tag = "storage", responses(
    (status = 200, description = "How many there were", body = ClearedBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn clear(State(app): State<App>, caller: Caller) -> Result<Json<ClearedBody>, Problem> {
    Ok(Json(ClearedBody { deleted: values::clear(&app, &caller).await? }))
}

/// All keys of the caller, sorted.
#[utoipa::path(get, path = "/api/storage/keys", tag = "storage", responses(
    (status = 200, description = "The keys", body = KeysBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn keys(State(app): State<App>, caller: Caller) -> Result<Json<KeysBody>, Problem> {
    Ok(Json(KeysBody { keys: values::keys(&app, &caller).await? }))
}
