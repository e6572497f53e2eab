//! A call to GitHub in the user's name. The token stays here.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Map, Value};
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::AuditEntry;

use super::{client, conflict, not_connected, reconnect, tokens};
use crate::App;
use crate::github::{Answer, Call, Forwarded, GitHubError};
use crate::store::oauth_connections;

/// For all of it. API Gateway gives up after 29 s.
const DEADLINE: Duration = Duration::from_secs(25);

/// Makes a call of the list with the caller's token. The audit row names the call, never the repository.
///
/// # Errors
/// 409 `github_not_connected`, `github_reconnect` or `github_moved`; 502 or 503 `github_unavailable`; 502
/// `github_answer_too_large`.
pub(crate) async fn forward(
    app: &App,
    caller: &Caller,
    call: &Call,
    body: Option<&Map<String, Value>>,
) -> Result<Answer, Problem> {
    tokio::time::timeout(DEADLINE, within_deadline(app, caller, call, body))
        .await
        .unwrap_or_else(|_| Err(GitHubError::Unreachable("it took too long").into()))
}

async fn within_deadline(
    app: &App,
    caller: &Caller,
    call: &Call,
    body: Option<&Map<String, Value>>,
) -> Result<Answer, Problem> {
    let (github, platform) = (client(app)?, &app.platform);
    let allowed = call.allowed();
    let action = if allowed.method == Method::GET { "github.read" } else { "github.write" };
    let entry = AuditEntry::by(caller, action, "github", platform.now())
        .resource(format!("{} {}", allowed.method, allowed.pattern));
    let connection = oauth_connections::used(&platform.db.scoped(entry), caller.user_id(), platform.now()).await?;
    let mut usable = tokens::usable(app, caller, connection.ok_or_else(not_connected)?).await?;
    let mut result = github.forward(call, body, &usable.access_token).await?;
    if matches!(result, Forwarded::TokenRefused) {
        usable = tokens::after_refusal(app, caller, &usable).await?;
        result = github.forward(call, body, &usable.access_token).await?;
    }
    match result {
        Forwarded::Answer(answer) => Ok(answer),
        Forwarded::Moved => Err(conflict("github_moved", "What was asked for is elsewhere now")
            .detail("A repository may have another name or owner. Ask by the new one.")),
        Forwarded::TokenRefused => {
            tokens::break_off(app, caller, &usable.connection).await?;
            Err(reconnect())
        }
    }
}
