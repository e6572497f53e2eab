//! The way to GitHub and back. The browser is on its way between pages, so every answer but the connect call's is a
//! redirect: what went wrong comes back in the fragment, which reaches no server.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, Problem, ProblemBody, cookie_value};
use shared::identity::Caller;
use utoipa::ToSchema;

use super::with_cookies;
use crate::App;
use crate::domain::github::{self, Arrived, Back, Purpose, Visit};
use crate::domain::sign_in::{Outcome, SecondFactor};
use crate::domain::{Ceremony, Client};
use crate::model::ReturnTo;

/// Where to come back to.
#[derive(Deserialize)]
pub(crate) struct Start {
    return_to: Option<String>,
}

/// Leaves for GitHub to sign in, whoever is signed in now.
///
/// What went wrong leads to `return_to` with `#/sign-in?error=` and a code.
#[utoipa::path(get, path = "/api/auth/github", tag = "auth", security(()),
    params(("return_to" = Option<String>, Query,
        description = "Path of the page to come back to, with one slash before it and no fragment; `/` without it")),
    responses((status = 303, description = "To GitHub, or back with an error")))]
pub(crate) async fn start(State(app): State<App>, query: Result<Query<Start>, QueryRejection>) -> Response {
    let wanted = match query {
        Ok(Query(Start { return_to: None })) => Ok(ReturnTo::default()),
        Ok(Query(Start { return_to: Some(text) })) => ReturnTo::parse(&text),
        Err(_) => Err(Problem::bad_request("return_to_invalid", "This is no path to return to")),
    };
    let return_to = wanted.as_ref().map_or_else(|_| ReturnTo::default(), Clone::clone);
    let departure = match wanted {
        Ok(return_to) => github::sign_in(&app, return_to).await,
        Err(problem) => Err(problem),
    };
    match departure {
        Ok(departure) => with_cookies(see_other(departure.url.as_str()), [Ceremony::GitHub.cookie(&departure.secret)]),
        Err(problem) => failed(&app, &return_to, Purpose::SignIn, &problem),
    }
}

/// What to connect.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Connect {
    /// Path of the page to come back to; `/` without it.
    return_to: Option<String>,
}

/// Where to go.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConnectBody {
    /// GitHub's page that asks the user; for `location.assign`.
    url: String,
}

/// Begins to connect a GitHub account to the signed-in one, or to renew the connection.
///
/// The page goes to `url`; the browser comes back to `return_to`, where something went wrong with
/// `#/security?error=` and a code. Needs a recent step-up, and a session in a cookie.
#[utoipa::path(post, path = "/api/auth/github/connect", tag = "auth", request_body = Connect, responses(
    (status = 200, description = "Where to go", body = ConnectBody),
    (status = 400, description = "`return_to` is no path of the page", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up, and a session in a cookie", body = ProblemBody),
    (status = 404, description = "GitHub is not set up here", body = ProblemBody),
))]
pub(crate) async fn connect(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<Connect>,
) -> Result<Response, Problem> {
    let return_to = body.return_to.as_deref().map_or_else(|| Ok(ReturnTo::default()), ReturnTo::parse)?;
    let departure = github::connect(&app, &caller, return_to).await?;
    let body = Json(ConnectBody { url: departure.url.into() });
    Ok(with_cookies(body, [Ceremony::GitHub.cookie(&departure.secret)]))
}

/// What GitHub sends the browser back with. It may send more than is read.
#[derive(Deserialize)]
pub(crate) struct Returned {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

/// Comes back from GitHub: signs in, or connects.
///
/// Leads to `return_to`. Where a second factor is due it has the fragment `#/second-factor?` with `challenge`,
/// `methods` (commas between) and `expires_at`, as in the answer of a password's sign-in; where something went wrong
/// `#/sign-in?error=` and a code: `access_denied`, `account_disabled`, `account_invited`, `ceremony_expired`,
/// `github_ambiguous`, `github_answer_invalid`, `github_not_configured`, `github_other_account`, `github_rejected`,
/// `github_taken`, `github_unavailable`, `registration_closed`, `sign_in_throttled`, `unauthenticated`, `unavailable`
/// or `internal`.
#[utoipa::path(get, path = "/api/auth/github/callback", tag = "auth", security(()),
    params(
        ("code" = Option<String>, Query, description = "GitHub's code"),
        ("state" = Option<String>, Query, description = "The state of the visit"),
        ("error" = Option<String>, Query, description = "Why there is no code"),
    ),
    responses((status = 303, description = "To `return_to`")))]
pub(crate) async fn callback(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    query: Result<Query<Returned>, QueryRejection>,
) -> Response {
    let cookie = cookie_value(&headers, Ceremony::GitHub.cookie_name());
    let back = match query {
        Ok(Query(Returned { state, code, error })) => Back { cookie, state, code, error },
        Err(_) => Back::default(),
    };
    let (visit, arrived) = github::arrive(&app, &client, back).await;
    // A cookie whose visit was not this one stays: that visit may still come to its end.
    let over = visit.is_some().then(|| Ceremony::GitHub.removal_cookie());
    let Visit { return_to, purpose, .. } = visit.unwrap_or_default();
    match arrived {
        Ok(Arrived::SignIn(Outcome::SignedIn(welcome))) => {
            with_cookies(back_to(&app, &return_to, ""), welcome.cookies().into_iter().chain(over))
        }
        Ok(Arrived::SignIn(Outcome::SecondFactor(needed))) => {
            with_cookies(back_to(&app, &return_to, &second_factor(&needed)), over)
        }
        Ok(Arrived::Connected) => with_cookies(back_to(&app, &return_to, ""), over),
        Err(problem) => with_cookies(failed(&app, &return_to, purpose, &problem), over),
    }
}

fn second_factor(needed: &SecondFactor) -> String {
    let (methods, expires_at) = (needed.methods.join(","), needed.expires_at);
    format!("#/second-factor?challenge={}&methods={methods}&expires_at={expires_at}", needed.challenge.reveal())
}

fn failed(app: &App, return_to: &ReturnTo, purpose: Purpose, problem: &Problem) -> Response {
    problem.log();
    let place = if purpose == Purpose::SignIn { "sign-in" } else { "security" };
    back_to(app, return_to, &format!("#/{place}?error={}", problem.summary().0))
}

/// To our own page, by its whole address: the callback may be on another host of ours.
fn back_to(app: &App, return_to: &ReturnTo, fragment: &str) -> Response {
    match app.platform.settings.origins.first() {
        Some(origin) => see_other(&return_to.on(origin, fragment)),
        None => Problem::internal("there is no origin").into_response(),
    }
}

/// 303: the next request is a GET, whatever this one was (RFC 9700, section 4.12).
fn see_other(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => Problem::internal("a location is no header value").into_response(),
    }
}
