//! Access tokens: signed JWTs of the profile of RFC 9068. ES256 and nothing else, for an hour.

mod format;
mod jwk;
mod provider;
mod signing_key;
mod verifier;

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use jwk::{PublicJwk, VerifyingKey};
pub use signing_key::{SigningFailed, SigningKey};
pub use verifier::TokenVerifier;

use super::{Assurance, Role, Session};
use crate::config::TokenSettings;

/// What an access token says (RFC 9068, section 2.2). Times are whole seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Who issued it.
    pub iss: String,
    /// For whom it is: this application in this environment.
    pub aud: String,
    /// The client it was issued to. The application is its own and only one.
    pub client_id: String,
    /// The user.
    pub sub: Uuid,
    /// The session, by the name that JWTs have for it (IANA, JSON Web Token Claims).
    pub sid: Uuid,
    /// When it was issued.
    pub iat: i64,
    /// From when on it is no longer taken.
    pub exp: i64,
    /// The token's own id.
    pub jti: Uuid,
    /// When a factor was last shown.
    pub auth_time: i64,
    /// How well the user was authenticated.
    pub acr: Assurance,
    /// By which methods, by the names of RFC 8176 where it has one.
    pub amr: Vec<Cow<'static, str>>,
    /// The user's role when it was issued; the session's may have changed since.
    pub role: Role,
}

impl AccessClaims {
    /// How long a token holds: `expires_in` of the answer that carries it.
    pub const LIFETIME_SECONDS: i64 = 3_600;

    /// The claims of a token of this session that is issued now, with `id` of its own.
    pub fn new(settings: &TokenSettings, session: &Session, id: Uuid, now: Timestamp) -> Self {
        Self {
            iss: settings.issuer.clone(),
            aud: settings.audience.clone(),
            client_id: settings.audience.clone(),
            sub: session.user_id,
            sid: session.id,
            iat: now.as_second(),
            exp: now.as_second() + Self::LIFETIME_SECONDS,
            jti: id,
            auth_time: session.authenticated_at.as_second(),
            acr: session.assurance,
            amr: session.methods.clone(),
            role: session.role,
        }
    }

    /// Whether the token is for this application and holds now.
    fn holds(&self, settings: &TokenSettings, now: Timestamp) -> bool {
        let now = now.as_second();
        let lifetime = self.exp.saturating_sub(self.iat);
        self.iss == settings.issuer
            && self.aud == settings.audience
            && now < self.exp
            && self.iat <= now.saturating_add(CLOCK_SKEW_SECONDS)
            && (1..=Self::LIFETIME_SECONDS).contains(&lifetime)
    }
}

/// What [`TokenVerifier::verify`] answers where this key is the only one.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn verify_under(
    key: &VerifyingKey,
    settings: &TokenSettings,
    now: Timestamp,
    token: &str,
) -> Option<AccessClaims> {
    format::kid(token).filter(|kid| kid == key.kid())?;
    format::open(token, key).filter(|claims| claims.holds(settings, now))
}

/// How far the clock of the function that issued a token may be ahead of ours.
const CLOCK_SKEW_SECONDS: i64 = 5;

/// How long a key outlives its retirement: as long as the last token it signed.
const RETIREMENT: SignedDuration = SignedDuration::from_secs(AccessClaims::LIFETIME_SECONDS);

/// How long public keys are kept in memory, here and by whoever reads the JWK Set. A new key is known everywhere after
/// this time, so it signs no earlier.
pub const TOKEN_KEYS_KEPT: SignedDuration = SignedDuration::from_secs(300);

/// Whether something taken in at `since` has to be looked at anew. So has what seems to come from the future.
pub fn token_keys_are_fresh(since: Timestamp, now: Timestamp) -> bool {
    (SignedDuration::ZERO..TOKEN_KEYS_KEPT).contains(&now.duration_since(since))
}

#[cfg(test)]
mod tests;
