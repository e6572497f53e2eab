use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, Problem, ProblemBody};
use shared::identity::Caller;
use utoipa::ToSchema;

use super::step_up::SteppedUpBody;
use super::with_cookies;
use crate::App;
use crate::domain::Client;
use crate::domain::factors::{self, Enrolled};
use crate::domain::second_factor::Factor;

/// What an account can be signed in to with.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorsBody {
    totp: Option<FactorBody>,
    email: Option<FactorBody>,
    sms: Option<FactorBody>,
    /// Backup codes that were not used yet.
    backup_codes_left: i64,
    passkeys: i64,
    /// Whether there is a password.
    password: bool,
    /// Whether the role needs a second factor.
    required: bool,
}

/// A second factor.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorBody {
    #[schema(value_type = String, format = DateTime)]
    confirmed_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// The secret of an authenticator app.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpBody {
    /// Base 32, to be typed.
    secret: String,
    /// `otpauth://totp/...`
    uri: String,
    /// The URI as a QR code: an SVG picture.
    qr_svg: String,
}

/// A code of the authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmTotp {
    code: String,
}

/// Which codes are to be a second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnrolCodes {
    /// `email` or `sms`.
    method: Factor,
}

/// A factor that has been enrolled.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnrolledBody {
    /// Ten codes that stand in for the factor, once each; shown this once, with the first factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_codes: Option<Vec<String>>,
    /// The session has a new token.
    #[serde(flatten)]
    session: SteppedUpBody,
}

/// New backup codes.
#[derive(Serialize, ToSchema)]
pub(crate) struct BackupCodesBody {
    backup_codes: Vec<String>,
}

async fn answer(app: &App, enrolled: Enrolled) -> Result<Response, Problem> {
    let session = SteppedUpBody::of(app, &enrolled.signed_in).await?;
    let body = EnrolledBody { backup_codes: enrolled.backup_codes, session };
    Ok(with_cookies(Json(body), enrolled.signed_in.cookie()))
}

/// The caller's factors.
#[utoipa::path(get, path = "/api/auth/factors", tag = "auth", responses(
    (status = 200, description = "The factors", body = FactorsBody),
))]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<FactorsBody>, Problem> {
    let overview = factors::overview(&app, &caller).await?;
    let factor = |factor| {
        factors::times(&overview, factor).map(|(confirmed_at, last_used_at)| FactorBody { confirmed_at, last_used_at })
    };
    Ok(Json(FactorsBody {
        totp: factor(Factor::Totp),
        email: factor(Factor::Email),
        sms: factor(Factor::Sms),
        backup_codes_left: overview.account.backup_codes,
        passkeys: overview.account.passkeys,
        password: overview.account.has_password,
        required: overview.required,
    }))
}

/// Begins to enrol an authenticator app (RFC 6238).
#[utoipa::path(post, path = "/api/auth/factors/totp", tag = "auth", responses(
    (status = 201, description = "The secret; confirm it by a code", body = TotpBody),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 409, description = "There is one already", body = ProblemBody),
))]
pub(crate) async fn begin_totp(
    State(app): State<App>,
    caller: Caller,
) -> Result<(StatusCode, Json<TotpBody>), Problem> {
    let secret = factors::begin_totp(&app, &caller).await?;
    let body = TotpBody { secret: secret.text, uri: secret.uri, qr_svg: secret.qr_svg };
    Ok((StatusCode::CREATED, Json(body)))
}

/// Confirms the authenticator app by a code of it. Weaker sessions end, and this one gets a new token.
#[utoipa::path(post, path = "/api/auth/factors/totp/confirm", tag = "auth", request_body = ConfirmTotp, responses(
    (status = 200, description = "Enrolled", body = EnrolledBody),
    (status = 400, description = "The code is not right", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 429, description = "Too many wrong codes", body = ProblemBody),
))]
pub(crate) async fn confirm_totp(
    State(app): State<App>,
    caller: Caller,
    client: Client,
    JsonBody(body): JsonBody<ConfirmTotp>,
) -> Result<Response, Problem> {
    answer(&app, factors::confirm_totp(&app, &caller, &client, &body.code).await?).await
}

/// Enrols codes by email or SMS, to the account's oldest proved address of that kind.
#[utoipa::path(post, path = "/api/auth/factors/codes", tag = "auth", request_body = EnrolCodes, responses(
    (status = 200, description = "Enrolled", body = EnrolledBody),
    (status = 400, description = "Codes are not offered that way", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 409, description = "There is no proved address, or it is enrolled already", body = ProblemBody),
))]
pub(crate) async fn enrol_codes(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<EnrolCodes>,
) -> Result<Response, Problem> {
    answer(&app, factors::enrol_codes(&app, &caller, body.method).await?).await
}

/// Removes a second factor.
#[utoipa::path(delete, path = "/api/auth/factors/{method}", tag = "auth", params(("method" = Factor, Path)), responses(
    (status = 204, description = "Removed"),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 404, description = "The account has no such factor", body = ProblemBody),
    (status = 409, description = "The role needs one, or the password is too short alone", body = ProblemBody),
))]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    path: Result<Path<Factor>, axum::extract::rejection::PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(factor) = path.map_err(|_| Problem::not_found())?;
    factors::remove(&app, &caller, factor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// [`remove`] of the authenticator app, at whose own path its enrolment begins: a path that is spelled out hides the one
/// with a parameter.
pub(crate) async fn remove_totp(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    factors::remove(&app, &caller, Factor::Totp).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes ten new backup codes; the old ones are void.
#[utoipa::path(post, path = "/api/auth/factors/backup-codes", tag = "auth", responses(
    (status = 200, description = "The codes, shown this once", body = BackupCodesBody),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 409, description = "There is no second factor to back up", body = ProblemBody),
))]
pub(crate) async fn renew_backup_codes(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<BackupCodesBody>, Problem> {
    Ok(Json(BackupCodesBody { backup_codes: factors::renew_backup_codes(&app, &caller).await? }))
}
