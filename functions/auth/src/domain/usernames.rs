//! Asking for a username: who registers hears whether it is taken.

use axum::http::StatusCode;
use shared::http::Problem;
use shared::vault::BlindIndex;
use uuid::Uuid;

use super::Client;
use super::attempts::{Attempt, Method};
use super::sign_in::Welcome;
use crate::App;
use crate::model::Username;
use crate::store::accounts;

/// A registration in which comes out whether a username is taken. That a name is taken is told, so asking is an attempt,
/// counted by the name and by where it comes from; a name that is free was no question.
pub(crate) struct Asking {
    pub(crate) index: BlindIndex,
    attempt: Attempt,
}

impl Asking {
    /// Counts it.
    ///
    /// # Errors
    /// 429 `sign_in_throttled`.
    pub(crate) async fn begin(app: &App, client: &Client, username: &Username) -> Result<Self, Problem> {
        let platform = &app.platform;
        let index = platform.vault.blind_index(&platform.db, "users.username", None, &username.canonical()).await?;
        let attempt = Attempt::begin(app, client, Method::Registration, Uuid::nil(), Some(index)).await?;
        Ok(Self { index, attempt })
    }

    /// Notes what came of it.
    pub(crate) async fn ended(&self, app: &App, registered: Result<Welcome, Problem>) -> Result<Welcome, Problem> {
        match &registered {
            Err(problem) if problem.status() == StatusCode::CONFLICT => self.attempt.failed(app, "refused").await?,
            Err(problem) => self.attempt.uncounted(app, problem.summary().0).await?,
            Ok(_) => self.attempt.succeeded(app, &app.platform.db.unaudited(Uuid::nil()), "success").await?,
        }
        registered
    }
}

/// Looks a name up before a data key is made for a user there will not be.
///
/// # Errors
/// 409 `username_taken`.
pub(crate) async fn is_free(app: &App, username: &BlindIndex) -> Result<(), Problem> {
    match accounts::find_id(&app.platform.db.unscoped(), "username", username).await? {
        Some(_) => Err(taken()),
        None => Ok(()),
    }
}

/// 409 for a name that another has.
pub(crate) fn taken() -> Problem {
    Problem::new(StatusCode::CONFLICT, "username_taken", "This username is taken")
        .detail("Choose another. If it is yours, sign in.")
}
