//! Rate limits, with the headers of draft-ietf-httpapi-ratelimit-headers.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::{SignedDuration, Timestamp};

use crate::Platform;
use crate::config::RateLimits;
use crate::data::{DbError, count_in_database};
use crate::http::Problem;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A window of 15 minutes: its number and its end.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) number: i64,
    resets_in: i64,
}

impl Window {
    pub(super) fn at(now: Timestamp) -> Self {
        let (second, length) = (now.as_second(), RateLimits::WINDOW_SECONDS);
        Self { number: second.div_euclid(length), resets_in: length - second.rem_euclid(length) }
    }
}

/// The state of one limit for one client.
pub(super) struct Standing {
    pub(super) limit: u64,
    pub(super) hits: u64,
    pub(super) window: Window,
}

impl Standing {
    pub(super) fn exceeded(&self) -> bool {
        self.hits > self.limit
    }

    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let left = self.limit.saturating_sub(self.hits);
        let policy = format!("\"default\";q={};w={}", self.limit, RateLimits::WINDOW_SECONDS);
        let limit = format!("\"default\";r={left};t={}", self.window.resets_in);
        for (name, value) in [(POLICY, policy), (LIMIT, limit)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }

    pub(super) fn problem(&self) -> Problem {
        too_many(self.window)
    }
}

fn too_many(window: Window) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests")
        .detail(format!("Try again in {} seconds.", window.resets_in))
        .header(header::RETRY_AFTER, HeaderValue::from(window.resets_in))
}

/// Counts one more request of `who`: in the database while the cache is away, so that no limit opens.
pub(super) async fn count(platform: &Platform, who: &str, window: Window) -> Result<u64, DbError> {
    let bucket = format!("limit:{who}:{}", window.number);
    if let Ok(hits) = platform.cache.count(&bucket, 2 * RateLimits::WINDOW_SECONDS).await {
        return Ok(hits);
    }
    let now = platform.now();
    count_in_database(&platform.db, &bucket, now, now + SignedDuration::from_secs(window.resets_in)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_on_the_quarter_hour() {
        let window = Window::at("2026-01-01T00:14:59Z".parse().unwrap());
        assert_eq!(window.resets_in, 1);
        assert_eq!(Window::at("2026-01-01T00:15:00Z".parse().unwrap()).number, window.number + 1);
    }
}
