//! The checks: database, cache and keyring, at the same time, a second each.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use shared::Platform;
use shared::data::{DbError, Statements};
use tokio::sync::Mutex;
use utoipa::ToSchema;

const LIMIT: Duration = Duration::from_secs(1);
/// An answer holds this long, so that many who ask cost the parts no more than one.
const HOLDS_MILLIS: i64 = 1_000;

/// Whether a part answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// It answers.
    Ok,
    /// It does not, or not in time.
    Down,
}

/// What each part says.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Report {
    pub(crate) database: Status,
    pub(crate) cache: Status,
    pub(crate) keyring: Status,
}

impl Report {
    /// Whether all answer.
    pub(crate) fn status(self) -> Status {
        let all = [self.database, self.cache, self.keyring].iter().all(|part| *part == Status::Ok);
        if all { Status::Ok } else { Status::Down }
    }
}

/// The checks and their last answer.
pub(crate) struct Checks {
    platform: Platform,
    last: Mutex<Option<(Timestamp, Report)>>,
}

impl Checks {
    pub(crate) fn new(platform: Platform) -> Self {
        Self { platform, last: Mutex::new(None) }
    }

    /// Asks all parts, or gives the answer of a moment ago.
    pub(crate) async fn report(&self) -> Report {
        let mut last = self.last.lock().await;
        let now = self.platform.now();
        if let Some((at, report)) = *last
            && now.duration_since(at).as_millis() < i128::from(HOLDS_MILLIS)
        {
            return report;
        }
        let platform = &self.platform;
        let (database, cache, keyring) = tokio::join!(
            check("database", database(platform)),
            check("cache", platform.cache.ping()),
            check("keyring", platform.vault.health()),
        );
        let report = Report { database, cache, keyring };
        *last = Some((now, report));
        report
    }
}

async fn database(platform: &Platform) -> Result<(), DbError> {
    platform.db.unscoped().query("SELECT 1", &[]).await.map(drop)
}

/// The cause goes into the log only.
async fn check<E: std::fmt::Display>(part: &'static str, call: impl Future<Output = Result<(), E>>) -> Status {
    match tokio::time::timeout(LIMIT, call).await {
        Ok(Ok(())) => Status::Ok,
        Ok(Err(error)) => {
            tracing::error!(part, %error, "health check failed");
            Status::Down
        }
        Err(_) => {
            tracing::error!(part, "health check took over a second");
            Status::Down
        }
    }
}
