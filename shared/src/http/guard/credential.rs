//! What a request proves its session with.

use axum::http::{HeaderMap, header};

use crate::Platform;
use crate::http::{Problem, cookie_value};
use crate::identity::{API_KEY_PREFIX, ApiKey, CookieToken, Presented, Proof, SESSION_COOKIE, TokenHash};

/// A token that was made here: its tag or its signature says so. Whether it still means anyone is for the database to say.
pub(super) struct Credential {
    pub(super) proof: Proof,
    pub(super) presented: Presented,
    pub(super) hash: TokenHash,
}

impl Credential {
    /// The `Authorization` header's, or else the cookie's. A request with both speaks for the header: a page can't set
    /// it for another site's request.
    ///
    /// # Errors
    /// 401 where the header holds a token that is none of ours or is over: falling back to the cookie would answer as
    /// somebody the client did not mean. 503 where a token can't be checked.
    pub(super) async fn of(platform: &Platform, headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let token = value.to_str().ok().and_then(bearer).ok_or_else(Problem::token_invalid)?;
            return Self::bearer(platform, token).await.map(Some);
        }
        let cookie = cookie_value(headers, SESSION_COOKIE).and_then(|value| CookieToken::parse(&value));
        let Some(token) = cookie else { return Ok(None) };
        let hash = token.hash();
        let made = platform.sessions.has_made(&hash, token.tag()).await?;
        Ok(made.then(|| Self { proof: Proof::Cookie(token), presented: Presented::Session, hash }))
    }

    /// Whether it came in the `Authorization` header.
    pub(super) fn is_in_header(&self) -> bool {
        !matches!(self.proof, Proof::Cookie(_))
    }

    async fn bearer(platform: &Platform, token: &str) -> Result<Self, Problem> {
        if token.starts_with(API_KEY_PREFIX) {
            let key = ApiKey::parse(token).ok_or_else(Problem::token_invalid)?;
            let hash = key.hash();
            if !platform.sessions.has_made(&hash, key.tag()).await? {
                return Err(Problem::token_invalid());
            }
            return Ok(Self { proof: Proof::ApiKey(hash.clone()), presented: Presented::ApiKey, hash });
        }
        let claims = platform.tokens.verify(token).await?.ok_or_else(Problem::token_invalid)?;
        let hash = TokenHash::of_bearer_session(claims.sid);
        Ok(Self { proof: Proof::Bearer(hash.clone()), presented: Presented::Session, hash })
    }
}

/// The token of `Authorization: Bearer` (RFC 6750, section 2.1).
pub(crate) fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
