//! One cache round trip: finds the session and counts the request.

use super::CountedBy;
use super::credential::Credential;
use super::limits::{Standing, Window, count};
use crate::Platform;
use crate::config::RateLimits;
use crate::data::cache::{Admission, Cached};
use crate::http::Problem;
use crate::identity::{Presented, SignedIn};

/// Who is counted before it is known whose session it is.
struct First {
    who: String,
    limit: u64,
    /// Whether the session's user is counted instead, where there is one.
    or_user: bool,
}

impl First {
    /// A token that gets this far was made by us, so its look-up is counted by itself: strangers at the same address
    /// lock nobody out. An API key stays counted by itself, for its holder must not lock out its owner, who alone can
    /// revoke it.
    fn of(by: CountedBy, address: &str, token: Option<&Credential>, limits: RateLimits) -> Self {
        match token {
            Some(token) if by != CountedBy::Address => Self {
                who: token.hash.cache_key(),
                limit: limits.user,
                or_user: by == CountedBy::Caller && token.presented == Presented::Session,
            },
            _ => Self { who: address.to_owned(), limit: limits.anonymous, or_user: false },
        }
    }
}

pub(super) async fn identify(
    platform: &Platform,
    by: CountedBy,
    address: String,
    token: Option<Credential>,
) -> Result<(Option<SignedIn>, Standing), Problem> {
    let (window, limits) = (Window::at(platform.now()), platform.settings.rate_limits);
    let key = token.as_ref().map(|token| token.hash.cache_key());
    let first = First::of(by, &address, token.as_ref(), limits);
    let admission = Admission {
        session: key.as_deref(),
        who: &first.who,
        or_user: first.or_user,
        window: window.number,
        keep_seconds: 2 * RateLimits::WINDOW_SECONDS,
    };
    let (cached, counted) = match platform.cache.admit(&admission).await {
        Ok(admitted) => (admitted.session, Some(admitted.hits)),
        Err(_) => (Cached::Unknown, None),
    };
    let user_counted = first.or_user && matches!(cached, Cached::Live(_));
    // Whoever is over the limit costs no database call.
    if let (false, Some(hits)) = (user_counted, counted)
        && hits > first.limit
    {
        return Ok((None, Standing { limit: first.limit, hits, window }));
    }
    let session = match &token {
        Some(token) => platform.sessions.resume(token.presented, &token.hash, cached).await?,
        None => None,
    };
    let user = session.as_ref().filter(|_| first.or_user).map(|session| session.user_id.to_string());
    let (who, limit, counted_already) = match (user, &session) {
        (Some(user), _) => (user, limits.user, user_counted),
        (None, Some(_)) => (first.who, first.limit, true),
        // A token that is over is no better than none.
        (None, None) => (address.clone(), limits.anonymous, !user_counted && first.who == address),
    };
    let hits = match counted {
        Some(hits) if counted_already => hits,
        _ => count(platform, &who, window).await?,
    };
    let signed_in = session.zip(token).map(|(session, token)| SignedIn { session, proof: token.proof });
    Ok((signed_in, Standing { limit, hits, window }))
}
