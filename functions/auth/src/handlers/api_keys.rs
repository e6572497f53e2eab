use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, PathId, Problem, ProblemBody};
use shared::identity::{Caller, Scope};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::App;
use crate::domain::api_keys::{self, Key, NewKey};

/// What a key is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    /// What the key is for: 1 to 64 characters.
    name: String,
    /// What it may do: at least one.
    #[schema(value_type = Vec<Scope>)]
    scopes: Vec<String>,
    /// Days it holds: 1 to 365; 90 where it is not said.
    #[schema(default = 90)]
    #[serde(default = "ninety")]
    expires_in_days: i64,
}

fn ninety() -> i64 {
    90
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyBody {
    id: Uuid,
    name: String,
    /// The key's first characters.
    hint: String,
    #[schema(value_type = Vec<Scope>)]
    scopes: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// To within a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// A key that has just been made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewApiKeyBody {
    /// The secret, for `Authorization: Bearer`. It is shown this once.
    key: String,
    #[serde(flatten)]
    api_key: ApiKeyBody,
}

/// The keys that hold.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeysBody {
    api_keys: Vec<ApiKeyBody>,
}

impl From<Key> for ApiKeyBody {
    fn from(key: Key) -> Self {
        Self {
            id: key.id,
            name: key.name,
            hint: key.hint,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// Makes an API key, for a server or an SDK. Needs a recent step-up.
#[utoipa::path(post, path = "/api/auth/api-keys", tag = "auth", request_body = NewApiKey, responses(
    (status = 201, description = "The key, with its secret", body = NewApiKeyBody),
    (status = 400, description = "The name, a scope or the lifetime is not of its form", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up, or a scope is beyond the role", body = ProblemBody),
    (status = 409, description = "There are too many keys", body = ProblemBody),
))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<NewApiKey>,
) -> Result<(StatusCode, Json<NewApiKeyBody>), Problem> {
    let new = NewKey::parse(&body.name, &body.scopes, body.expires_in_days)?;
    let (secret, key) = api_keys::create(&app, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(NewApiKeyBody { key: secret.reveal().to_owned(), api_key: key.into() })))
}

/// The API keys that hold, the newest first.
#[utoipa::path(get, path = "/api/auth/api-keys", tag = "auth", responses(
    (status = 200, description = "The keys, without their secrets", body = ApiKeysBody),
))]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<ApiKeysBody>, Problem> {
    let keys = api_keys::list(&app, &caller).await?;
    Ok(Json(ApiKeysBody { api_keys: keys.into_iter().map(Into::into).collect() }))
}

/// Ends an API key at once.
#[utoipa::path(delete, path = "/api/auth/api-keys/{id}", tag = "auth", params(("id" = Uuid, Path)), responses(
    (status = 204, description = "The key is over"),
    (status = 404, description = "There is no such key", body = ProblemBody),
))]
pub(crate) async fn revoke(State(app): State<App>, caller: Caller, PathId(id): PathId) -> Result<StatusCode, Problem> {
    api_keys::revoke(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
