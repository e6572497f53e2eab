//! One cache round trip: finds the session and counts the request.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::address::bucket;
use super::limits::{Standing, Window, count};
use crate::Platform;
use crate::config::RateLimits;
use crate::data::cache::{Admission, Cached};
use crate::http::{Problem, cookie_value};
use crate::identity::{RequestMeta, SESSION_COOKIE, SessionToken, SignedIn};

pub(super) async fn admit(State(platform): State<Platform>, mut request: Request, next: Next) -> Response {
    let token = session_token(request.headers());
    let address = bucket(request.extensions().get::<RequestMeta>().and_then(|meta| meta.address));
    let (signed_in, standing) = match identify(&platform, address, token).await {
        Ok(identified) => identified,
        Err(problem) => return problem.into_response(),
    };
    let mut response = if standing.exceeded() {
        standing.problem().into_response()
    } else {
        if let Some(signed_in) = signed_in {
            request.extensions_mut().insert(signed_in);
        }
        next.run(request).await
    };
    standing.write(response.headers_mut());
    response
}

async fn identify(
    platform: &Platform,
    address: String,
    token: Option<SessionToken>,
) -> Result<(Option<SignedIn>, Standing), Problem> {
    let window = Window::at(platform.now());
    let hash = token.as_ref().map(SessionToken::hash);
    let key = hash.as_ref().map(crate::identity::TokenHash::cache_key);
    let admission = Admission {
        session: key.as_deref(),
        address: &address,
        window: window.number,
        keep_seconds: 2 * RateLimits::WINDOW_SECONDS,
    };
    let limits = platform.settings.rate_limits;
    let (cached, counted) = match platform.cache.admit(&admission).await {
        Ok(admitted) => (admitted.session, Some(admitted.hits)),
        Err(_) => (Cached::Unknown, None),
    };
    let alive = matches!(cached, Cached::Live(_));
    // A stranger over the limit costs no database call. One with a token may be a user the cache does not know.
    let limit = if key.is_none() { limits.anonymous } else { limits.user };
    if let (false, Some(hits)) = (alive, counted)
        && hits > limit
    {
        return Ok((None, Standing { limit, hits, window }));
    }
    let session = match &hash {
        Some(hash) => platform.sessions.resume(hash, cached).await?,
        None => None,
    };
    let (who, limit) = match &session {
        Some(session) => (session.user_id.to_string(), limits.user),
        None => (address, limits.anonymous),
    };
    let counted_already = if session.is_some() { alive } else { key.is_none() };
    let hits = match counted {
        Some(hits) if counted_already => hits,
        _ => count(platform, &who, window).await?,
    };
    let signed_in = session.zip(token).map(|(session, token)| SignedIn { session, token });
    Ok((signed_in, Standing { limit, hits, window }))
}

fn session_token(headers: &HeaderMap) -> Option<SessionToken> {
    cookie_value(headers, SESSION_COOKIE).and_then(|value| SessionToken::parse(&value))
}
