//! HTTP: a file per resource.

pub(crate) mod account;
pub(crate) mod addresses;
pub(crate) mod api_keys;
pub(crate) mod authentication;
pub(crate) mod consents;
mod credential;
pub(crate) mod devices;
pub(crate) mod factors;
pub(crate) mod github;
pub(crate) mod github_calls;
pub(crate) mod github_connection;
pub(crate) mod invitations;
pub(crate) mod methods;
pub(crate) mod passkeys;
pub(crate) mod passwords;
pub(crate) mod preferences;
pub(crate) mod recovery;
pub(crate) mod registration;
pub(crate) mod second_factor;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod sign_up;
pub(crate) mod step_up;
pub(crate) mod tokens;
pub(crate) mod users;
pub(crate) mod well_known;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cookie::Cookie;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::Problem;
use shared::identity::{AccessClaims, Session, SessionKind, SignedIn};
use utoipa::ToSchema;

use crate::domain::bearer::Tokens;
use crate::domain::second_factor::Factor;
use crate::domain::sign_in::{Outcome, SecondFactor, Welcome};
use crate::domain::{Ceremony, device_cookie};
use crate::model::{Label, Signal, UserBody};

/// The answer of a sign-in: a session in a cookie, or one in tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedInBody {
    /// Who signed in.
    user: UserBody,
    /// What `X-CSRF-Token` has to be in requests of this session that change something; only with a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
    #[serde(flatten)]
    tokens: Option<TokensBody>,
    /// For the password manager; only where a passkey was made or used.
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<Signal>,
}

/// What an app holds in place of a cookie (RFC 6749, section 5.1).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokensBody {
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token is over.
    expires_in: i64,
    /// Absent after a step-up or an enrolment: keep the one you have.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Seconds until it can no longer be refreshed.
    refresh_expires_in: i64,
}

impl From<Tokens> for TokensBody {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            token_type: "Bearer",
            expires_in: AccessClaims::LIFETIME_SECONDS,
            refresh_token: tokens.refresh_token.map(|token| token.to_string()),
            refresh_expires_in: tokens.refresh_expires_in,
        }
    }
}

/// The answer of a sign-in that needs a second factor.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecondFactorBody {
    second_factor: SecondFactorNeeded,
}

/// What is needed.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecondFactorNeeded {
    /// What `POST /api/auth/second-factor` finds the sign-in by.
    challenge: String,
    /// Ways that will do.
    #[schema(value_type = Vec<Factor>)]
    methods: Vec<String>,
    /// When the sign-in has to begin anew.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match self {
            Self::SignedIn(welcome) => welcome.into_response(),
            Self::SecondFactor(needed) => needed.into_response(),
        }
    }
}

impl IntoResponse for SecondFactor {
    fn into_response(self) -> Response {
        let second_factor = SecondFactorNeeded {
            challenge: self.challenge.reveal(),
            methods: self.methods,
            expires_at: self.expires_at,
        };
        (StatusCode::ACCEPTED, Json(SecondFactorBody { second_factor })).into_response()
    }
}

impl IntoResponse for Welcome {
    fn into_response(self) -> Response {
        let cookies = self.cookies();
        let body = SignedInBody {
            user: self.user,
            csrf_token: self.signed_in.csrf(),
            tokens: self.tokens.map(Into::into),
            signal: self.signal,
        };
        with_cookies(Json(body), cookies)
    }
}

impl Welcome {
    /// The session's cookie, the device's where it is new, and the end of the ceremony's.
    fn cookies(&self) -> Vec<Cookie<'static>> {
        let cookies = [
            self.signed_in.cookie(),
            self.new_device.as_ref().map(device_cookie),
            self.ceremony.map(Ceremony::removal_cookie),
        ];
        cookies.into_iter().flatten().collect()
    }
}

/// Another name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    /// 1 to 64 characters. Stored sealed.
    name: String,
}

impl Rename {
    fn label(&self) -> Result<Label, Problem> {
        Label::parse(&self.name)
    }
}

/// An answer that sets cookies.
pub(crate) fn with_cookies(answer: impl IntoResponse, cookies: impl IntoIterator<Item = Cookie<'static>>) -> Response {
    let mut response = answer.into_response();
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

/// A session that is over for this client. An app's leaves the browser's cookie alone: it is another session's.
fn signed_out(session: &Session) -> Response {
    let cookie = (session.kind == SessionKind::Cookie).then(SignedIn::removal_cookie);
    with_cookies(StatusCode::NO_CONTENT, cookie)
}
