use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, Problem, ProblemBody};
use shared::identity::{AccessClaims, RequestMeta};
use utoipa::ToSchema;

use super::TokensBody;
use crate::App;
use crate::domain::bearer;

/// The refresh token that was given out last.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    refresh_token: String,
}

/// An access token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Validate {
    token: String,
}

/// Whether an access token holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct ValidBody {
    valid: bool,
    /// What it says (RFC 9068, section 2.2), where it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    claims: Option<AccessClaims>,
}

/// The next tokens of a session. Keep the new refresh token: the old one is good for a repetition at most. Send no
/// `Authorization` header: an access token that is over is refused wherever it comes.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "auth", security(()), request_body = Refresh, responses(
    (status = 200, description = "New tokens", body = TokensBody),
    (status = 401, description = "The token is over, revoked or was used before", body = ProblemBody),
))]
pub(crate) async fn refresh(
    State(app): State<App>,
    request: RequestMeta,
    JsonBody(body): JsonBody<Refresh>,
) -> Result<Json<TokensBody>, Problem> {
    Ok(Json(bearer::refresh(&app, request, &body.refresh_token).await?.into()))
}

/// Whether an access token is ours, holds, and its session lives: a revocation or a change of role is seen at once.
#[utoipa::path(post, path = "/api/auth/validate", tag = "auth", security(()), request_body = Validate, responses(
    (status = 200, description = "Whether it does, and what it says", body = ValidBody),
))]
pub(crate) async fn validate(
    State(app): State<App>,
    JsonBody(body): JsonBody<Validate>,
) -> Result<Json<ValidBody>, Problem> {
    let claims = bearer::validate(&app, &body.token).await?;
    Ok(Json(ValidBody { valid: claims.is_some(), claims }))
}
