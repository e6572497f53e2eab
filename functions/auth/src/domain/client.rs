//! Who is asking, before anyone is known: the request, the browser's device cookie, the session it had.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use cookie::{Cookie, SameSite};
use shared::http::{Problem, cookie_value};
use shared::identity::{RequestMeta, SessionToken, SignedIn, TokenHash, host_cookie};

const DEVICE_COOKIE: &str = "__Host-ward_device";
/// As long as browsers keep a cookie (RFC 6265bis, section 5.5).
const DEVICE_SECONDS: i64 = 400 * 24 * 3600;
const LONGEST_USER_AGENT: usize = 512;

/// The client of a request that signs somebody in.
#[derive(Clone)]
pub(crate) struct Client {
    /// The request's id and address.
    pub(crate) request: RequestMeta,
    /// The secret of the device cookie, where the browser has one.
    pub(crate) device: Option<SessionToken>,
    /// What the client calls itself; at most 512 bytes.
    pub(crate) user_agent: String,
    /// The session the request came with: over once another begins.
    pub(crate) before: Option<SignedIn>,
}

impl Client {
    /// What the device is known by.
    pub(crate) fn device_hash(&self) -> Option<TokenHash> {
        self.device.as_ref().map(SessionToken::hash)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let request = RequestMeta::from_request_parts(parts, state).await?;
        let user_agent =
            parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let end = user_agent.floor_char_boundary(LONGEST_USER_AGENT);
        Ok(Self {
            request,
            device: cookie_value(&parts.headers, DEVICE_COOKIE).and_then(|value| SessionToken::parse(&value)),
            user_agent: user_agent[..end].to_owned(),
            before: parts.extensions.get::<SignedIn>().cloned(),
        })
    }
}

/// The cookie by which a browser is known again. It signs nobody in.
pub(crate) fn device_cookie(secret: &SessionToken) -> Cookie<'static> {
    host_cookie(DEVICE_COOKIE, secret.reveal(), DEVICE_SECONDS, SameSite::Lax)
}
