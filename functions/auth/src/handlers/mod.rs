//! HTTP: a file per resource.

pub(crate) mod authentication;
pub(crate) mod registration;
pub(crate) mod session;

use axum::Json;
use axum::extract::Extension;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::http::{Problem, SetCookies};
use shared::identity::SignedIn;
use utoipa::ToSchema;

use crate::App;
use crate::domain::Ceremony;
use crate::model::UserBody;

/// The answer of a sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedInBody {
    /// Who signed in.
    user: UserBody,
    /// What `X-CSRF-Token` has to be in this session's requests that change something.
    csrf_token: String,
}

/// The session the request came with, if any.
type Before = Option<Extension<SignedIn>>;

/// Sets the session's cookie; a session the browser had before is over.
async fn sign_in(
    app: &App,
    ceremony: Ceremony,
    before: Before,
    user: UserBody,
    signed_in: &SignedIn,
) -> Result<Response, Problem> {
    if let Some(Extension(before)) = before {
        let scope = app.platform.db.unaudited(before.session.user_id);
        app.platform.sessions.revoke(&scope, &before).await?;
    }
    let body = SignedInBody { user, csrf_token: signed_in.token.csrf() };
    Ok((SetCookies([signed_in.cookie(), ceremony.removal_cookie()]), Json(body)).into_response())
}
