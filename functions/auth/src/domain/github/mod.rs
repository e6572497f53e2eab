//! GitHub: sign-in, the connection it leaves, and calls in the user's name.

mod account;
mod arrival;
pub(crate) mod connection;
mod disconnect;
mod forward;
mod link;
mod tokens;
mod visit;

use axum::http::StatusCode;
use secrecy::SecretString;
use shared::http::Problem;

use crate::App;
use crate::github::GitHub;

pub(crate) use disconnect::disconnect;
pub(crate) use forward::forward;
pub(crate) use link::subject_of;
pub(crate) use visit::{Arrived, Back, Purpose, Visit, arrive, connect, sign_in};

/// The client, where GitHub is set up.
///
/// # Errors
/// 404 `github_not_configured`.
pub(crate) fn client(app: &App) -> Result<&GitHub, Problem> {
    app.github.as_ref().ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "github_not_configured", "Nobody signs in with GitHub here")
            .detail("Whoever runs this service can set GITHUB_CLIENT_ID and its secret.")
    })
}

/// Ends a token that nothing came of. That it lives on is no harm to anybody, so a failure is none.
async fn discard(github: &GitHub, access_token: &SecretString) {
    if let Err(error) = github.revoke_token(access_token).await {
        tracing::info!(%error, "an unused token was not taken back");
    }
}

/// 409: the account has no connection with GitHub.
fn not_connected() -> Problem {
    conflict("github_not_connected", "This account is not connected to GitHub")
        .detail("POST /api/auth/github/connect begins that.")
}

/// 409: GitHub takes the connection's tokens no more.
fn reconnect() -> Problem {
    conflict("github_reconnect", "GitHub has ended this connection")
        .detail("The user has taken it back, or it was not used for months. POST /api/auth/github/connect renews it.")
}

fn conflict(code: &'static str, title: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, title)
}
