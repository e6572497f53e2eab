//! What a request is made with, and who it speaks for.

use std::borrow::Cow;

use cookie::{Cookie, SameSite};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Assurance, CookieToken, Role, Scope, TokenHash};

/// The session's cookie. The prefix binds it to this host and to TLS.
pub const SESSION_COOKIE: &str = "__Host-ward_session";

/// How a client proves its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// A token in a cookie.
    Cookie,
    /// An access token in the `Authorization` header (RFC 6750).
    Bearer,
    /// An API key in the `Authorization` header.
    ApiKey,
}

impl SessionKind {
    /// The kind's name as the database holds it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Bearer => "bearer",
            Self::ApiKey => "api_key",
        }
    }
}

/// A live session, or an API key in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id; the key's where an API key was used.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// The user's role.
    pub role: Role,
    /// How it is proved.
    pub kind: SessionKind,
    /// How well the user was authenticated.
    pub assurance: Assurance,
    /// How the user was authenticated, in the names of RFC 8176 where it has one.
    pub methods: Vec<Cow<'static, str>>,
    /// When a factor was last shown.
    pub authenticated_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, as far as the database knows.
    pub last_seen_at: Timestamp,
    /// Its absolute end.
    pub expires_at: Timestamp,
    /// Seconds without a request after which it ends, where that is not the setting's.
    pub idle_seconds: Option<i64>,
    /// The browser or app it began in.
    pub device_id: Option<Uuid>,
    /// What an API key may be used for; `None` where the session may do whatever its user may.
    pub scopes: Option<Vec<Scope>>,
    /// The user's security version the session was read with.
    pub security_version: i64,
}

/// What proved a session.
#[derive(Clone)]
pub enum Proof {
    /// The cookie's token.
    Cookie(CookieToken),
    /// An access token, known by its session.
    Bearer(TokenHash),
    /// An API key.
    ApiKey(TokenHash),
}

/// A session with what proved it. The guard puts it into the request's extensions.
#[derive(Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// What proved it.
    pub proof: Proof,
}

impl SignedIn {
    /// What the database and the cache know the session by.
    pub fn token_hash(&self) -> TokenHash {
        match &self.proof {
            Proof::Cookie(token) => token.hash(),
            Proof::Bearer(hash) | Proof::ApiKey(hash) => hash.clone(),
        }
    }

    /// The session's CSRF token: only a cookie needs one.
    pub fn csrf(&self) -> Option<String> {
        match &self.proof {
            Proof::Cookie(token) => Some(token.csrf()),
            Proof::Bearer(_) | Proof::ApiKey(_) => None,
        }
    }

    /// The session's cookie: for this host only, over TLS only, out of scripts' reach (RFC 6265bis).
    pub fn cookie(&self) -> Option<Cookie<'static>> {
        let Proof::Cookie(token) = &self.proof else { return None };
        let lifetime = self.session.expires_at.duration_since(self.session.last_seen_at).as_secs();
        Some(host_cookie(SESSION_COOKIE, token.reveal(), lifetime, SameSite::Lax))
    }

    /// The cookie that removes it.
    pub fn removal_cookie() -> Cookie<'static> {
        host_cookie(SESSION_COOKIE, String::new(), 0, SameSite::Lax)
    }
}

/// A cookie with the `__Host-` prefix's attributes. `name` begins with it.
pub fn host_cookie(name: &'static str, value: String, max_age_seconds: i64, same_site: SameSite) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(same_site)
        .max_age(cookie::time::Duration::seconds(max_age_seconds))
        .build()
}
