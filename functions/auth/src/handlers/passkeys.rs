use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, PathId, Problem, ProblemBody};
use shared::identity::{Assurance, Caller, SignedIn};
use utoipa::ToSchema;
use uuid::Uuid;
use webauthn_rs::prelude::RegisterPublicKeyCredential;

use super::credential::Credential;
use super::{Rename, with_cookies};
use crate::App;
use crate::domain::passkeys::{self, Shown};
use crate::model::{Label, Signal};

/// The caller's passkeys.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeysBody {
    /// The oldest first.
    passkeys: Vec<PasskeyBody>,
    /// For the password manager.
    signal: Signal,
}

/// A passkey.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeyBody {
    id: Uuid,
    /// What the user calls it; nothing for one that was never named.
    name: Option<String>,
    /// The credential's id, in base64url.
    credential_id: String,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last used.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    /// Whether it can be on several devices (WebAuthn Level 3, section 6.1.3).
    backup_eligible: bool,
    /// Whether it is backed up now.
    backup_state: bool,
}

impl From<Shown> for PasskeyBody {
    fn from(Shown { passkey, name }: Shown) -> Self {
        Self {
            id: passkey.id,
            name,
            credential_id: URL_SAFE_NO_PAD.encode(passkey.credential_id),
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
            backup_eligible: passkey.backup_eligible,
            backup_state: passkey.backup_state,
        }
    }
}

/// A passkey that was made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPasskey {
    /// `RegistrationResponseJSON` (WebAuthn Level 3).
    #[schema(value_type = Value)]
    credential: Credential<RegisterPublicKeyCredential>,
    /// What the user calls it: 1 to 64 characters. Stored sealed.
    name: String,
}

/// A passkey that was added.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedBody {
    id: Uuid,
    /// Whether this session is over: it was begun without a second factor, which the account has now. Sign in with
    /// the passkey.
    session_ended: bool,
}

/// The caller's passkeys.
#[utoipa::path(get, path = "/api/auth/passkeys", tag = "auth", responses(
    (status = 200, description = "The passkeys", body = PasskeysBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<PasskeysBody>, Problem> {
    let held = passkeys::list(&app, &caller).await?;
    Ok(Json(PasskeysBody { passkeys: held.passkeys.into_iter().map(Into::into).collect(), signal: held.signal }))
}

/// Begins to add a passkey: options for `startRegistration({ optionsJSON })`. Needs a recent step-up.
#[utoipa::path(post, path = "/api/auth/passkeys/options", tag = "auth", responses(
    (status = 200, description = "PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3)", body = Value),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 409, description = "The account has as many passkeys as it can", body = ProblemBody),
))]
pub(crate) async fn options(State(app): State<App>, caller: Caller) -> Result<Json<serde_json::Value>, Problem> {
    passkeys::options(&app, &caller).await.map(Json)
}

/// Adds the passkey. Sessions that were begun without a second factor end, this one too where it is such a one.
#[utoipa::path(post, path = "/api/auth/passkeys", tag = "auth", request_body = NewPasskey, responses(
    (status = 201, description = "Added", body = AddedBody),
    (status = 400, description = "The attempt is over, or the passkey or the name does not fit", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 409, description = "The passkey is known, or one too many", body = ProblemBody),
))]
pub(crate) async fn add(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<NewPasskey>,
) -> Result<Response, Problem> {
    let name = Label::parse(&body.name)?;
    let id = passkeys::add(&app, &caller, &body.credential.0, &name).await?;
    let session_ended = caller.session().assurance == Assurance::Aal1;
    let cookie = session_ended.then(SignedIn::removal_cookie);
    Ok(with_cookies((StatusCode::CREATED, Json(AddedBody { id, session_ended })), cookie))
}

/// Gives a passkey another name.
#[utoipa::path(patch, path = "/api/auth/passkeys/{id}", tag = "auth", request_body = Rename,
    params(("id" = Uuid, Path, description = "The passkey")),
    responses(
        (status = 204, description = "Renamed"),
        (status = 400, description = "The name is not of its form", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such passkey", body = ProblemBody),
    ))]
pub(crate) async fn rename(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(body): JsonBody<Rename>,
) -> Result<StatusCode, Problem> {
    passkeys::rename(&app, &caller, id, &body.label()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a passkey: it signs nobody in from here on. Needs a recent step-up.
#[utoipa::path(delete, path = "/api/auth/passkeys/{id}", tag = "auth",
    params(("id" = Uuid, Path, description = "The passkey")),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "Needs a recent step-up", body = ProblemBody),
        (status = 404, description = "There is no such passkey", body = ProblemBody),
        (status = 409, description = "It is the last way to sign in", body = ProblemBody),
    ))]
pub(crate) async fn remove(State(app): State<App>, caller: Caller, PathId(id): PathId) -> Result<StatusCode, Problem> {
    passkeys::remove(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
