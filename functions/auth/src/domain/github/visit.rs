//! A visit to GitHub, from leaving to coming back (RFC 9700, section 2.1). What it is for is kept on the server, bound
//! to the browser by a cookie; the state in the address is made from the cookie's secret, so that an address that leaks
//! is of no use in another browser.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use shared::http::{Problem, address_bucket};
use shared::identity::{Caller, SessionKind, SessionToken, TokenHash};
use subtle::ConstantTimeEq;
use url::Url;
use uuid::Uuid;

use super::{arrival, client, discard, link};
use crate::App;
use crate::domain::attempts::{Attempt, Method};
use crate::domain::sign_in::Outcome;
use crate::domain::{Ceremony, Client, step_up};
use crate::github::{GitHub, GitHubError, Grant, Person, Refused};
use crate::model::ReturnTo;

/// Longer than any code of GitHub's.
const LONGEST_CODE: usize = 512;

/// What a visit is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// To sign in, whoever comes back.
    #[default]
    SignIn,
    /// To connect the GitHub account to a user, in the session that asked for it.
    Connect {
        /// The user.
        user_id: Uuid,
        /// The session.
        session_id: Uuid,
    },
}

/// A visit under way.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// Of PKCE (RFC 7636): the code is of use with it alone.
    verifier: String,
    /// Where on the page the browser goes afterwards.
    pub(crate) return_to: ReturnTo,
    /// What for.
    pub(crate) purpose: Purpose,
}

/// Where to go, and the secret for the browser's cookie.
pub(crate) struct Departure {
    pub(crate) url: Url,
    pub(crate) secret: SessionToken,
}

/// What the browser brings back.
#[derive(Default)]
pub(crate) struct Back {
    pub(crate) cookie: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) error: Option<String>,
}

/// What came of a visit.
pub(crate) enum Arrived {
    /// A sign-in, done or in need of a second factor.
    SignIn(Outcome),
    /// A connection.
    Connected,
}

/// Leaves to sign in.
///
/// # Errors
/// 404 `github_not_configured`.
pub(crate) async fn sign_in(app: &App, return_to: ReturnTo) -> Result<Departure, Problem> {
    depart(app, return_to, Purpose::SignIn).await
}

/// Leaves to connect a GitHub account to the caller's. Only a request of the page's own can begin this: a link on
/// another site could otherwise connect the GitHub account of whoever made it.
///
/// # Errors
/// 403 `step_up_required`, or `cookie_session_needed` where GitHub could not send the session back; 404
/// `github_not_configured`.
pub(crate) async fn connect(app: &App, caller: &Caller, return_to: ReturnTo) -> Result<Departure, Problem> {
    step_up::require(app, caller).await?;
    let session = caller.session();
    if session.kind != SessionKind::Cookie {
        return Err(Problem::forbidden("cookie_session_needed", "Connecting GitHub needs a browser")
            .detail("Sign in with a cookie: the browser that comes back from GitHub has to bring the session."));
    }
    depart(app, return_to, Purpose::Connect { user_id: session.user_id, session_id: session.id }).await
}

async fn depart(app: &App, return_to: ReturnTo, purpose: Purpose) -> Result<Departure, Problem> {
    let github = client(app)?;
    // 43 characters of base64url: of RFC 7636's form, with 256 bits.
    let verifier = SessionToken::generate(&app.platform.random)?.reveal();
    let secret = Ceremony::GitHub.begin(app, &Visit { verifier: verifier.clone(), return_to, purpose }).await?;
    Ok(Departure { url: github.authorize_url(state_of(&secret), &verifier), secret })
}

/// Comes back. Gives the visit, where there was one, and what came of it.
pub(crate) async fn arrive(app: &App, client: &Client, back: Back) -> (Option<Visit>, Result<Arrived, Problem>) {
    match take(app, &back).await {
        Ok(visit) => {
            let result = go_on(app, client, &visit, back).await;
            (Some(visit), result)
        }
        Err(problem) => (None, Err(problem)),
    }
}

/// The visit of the browser's cookie, where the state is that cookie's. A wrong state takes nothing: it could be another
/// site's doing.
async fn take(app: &App, back: &Back) -> Result<Visit, Problem> {
    let secret = back.cookie.as_deref().and_then(SessionToken::parse);
    let sent = back.state.as_deref().unwrap_or_default();
    let right = secret.is_some_and(|secret| state_of(&secret).as_bytes().ct_eq(sent.as_bytes()).into());
    Ceremony::GitHub.take(app, back.cookie.as_deref().filter(|_| right)).await
}

async fn go_on(app: &App, client: &Client, visit: &Visit, back: Back) -> Result<Arrived, Problem> {
    let github = self::client(app)?;
    let code = code(back)?;
    // Boxed: what they keep while they wait is large.
    match visit.purpose {
        Purpose::SignIn => Box::pin(sign_in_with(app, github, client, visit, code)).await.map(Arrived::SignIn),
        Purpose::Connect { user_id, session_id } => {
            let session = client.before.as_ref().map(|signed_in| &signed_in.session);
            if session.is_none_or(|session| session.user_id != user_id || session.id != session_id) {
                return Err(Problem::unauthenticated());
            }
            Box::pin(connect_with(app, github, client, visit, code, user_id)).await.map(|()| Arrived::Connected)
        }
    }
}

/// The code of an answer that grants something.
fn code(back: Back) -> Result<String, Problem> {
    match (back.error.as_deref(), back.code) {
        (None, Some(code)) if code.len() <= LONGEST_CODE && code.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(code)
        }
        (Some("access_denied"), _) => {
            Err(Problem::forbidden("access_denied", "GitHub was not allowed to tell who you are"))
        }
        (Some("redirect_uri_mismatch"), _) => {
            Err(GitHubError::App("the redirect URI is not the registered one").into())
        }
        (Some("application_suspended"), _) => Err(GitHubError::App("it is suspended").into()),
        _ => Err(Problem::bad_request("github_answer_invalid", "GitHub's answer is not of its form")),
    }
}

async fn sign_in_with(
    app: &App,
    github: &GitHub,
    client: &Client,
    visit: &Visit,
    code: String,
) -> Result<Outcome, Problem> {
    // Nobody is named yet, so the address stands for the account.
    let platform = &app.platform;
    let address = address_bucket(client.request.address);
    let name = platform.vault.mac(&platform.db, "github attempts", None, &address).await?;
    let attempt = Attempt::begin(app, client, Method::GitHub, Uuid::nil(), Some(name)).await?;
    let (person, grant) = match identify(github, visit, code).await {
        Ok(known) => known,
        Err(refused) => {
            match &refused {
                Refused::Invalid => attempt.failed(app, "rejected").await?,
                Refused::Unknown(_) => attempt.uncounted(app, "github_unavailable").await?,
            }
            return Err(refused.problem());
        }
    };
    let outcome = arrival::sign_in(app, client, &attempt, &person, &grant).await;
    if !matches!(outcome, Ok(Outcome::SignedIn(_))) {
        discard(github, &grant.access_token).await;
    }
    outcome
}

async fn connect_with(
    app: &App,
    github: &GitHub,
    client: &Client,
    visit: &Visit,
    code: String,
    user_id: Uuid,
) -> Result<(), Problem> {
    let (person, grant) = identify(github, visit, code).await.map_err(Refused::problem)?;
    let linked = link::to_caller(app, client, user_id, &person, &grant).await;
    if linked.is_err() {
        discard(github, &grant.access_token).await;
    }
    linked
}

/// Trades the code, and asks who granted it.
async fn identify(github: &GitHub, visit: &Visit, code: String) -> Result<(Person, Grant), Refused> {
    let grant = github.exchange(code, visit.verifier.clone()).await?;
    match github.person(&grant.access_token).await {
        Ok(person) => Ok((person, grant)),
        Err(error) => {
            discard(github, &grant.access_token).await;
            Err(Refused::Unknown(error))
        }
    }
}

impl Refused {
    fn problem(self) -> Problem {
        match self {
            Self::Invalid => {
                Problem::new(StatusCode::UNAUTHORIZED, "github_rejected", "GitHub does not know this code")
                    .detail("A code works once, for a few minutes. Begin anew.")
            }
            Self::Unknown(error) => error.into(),
        }
    }
}

/// The state of a visit: made from the secret, and telling nothing of it.
fn state_of(secret: &SessionToken) -> String {
    URL_SAFE_NO_PAD.encode(TokenHash::of(format!("ward github state {}", secret.reveal()).as_bytes()).as_bytes())
}
