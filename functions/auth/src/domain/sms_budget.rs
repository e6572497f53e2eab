//! What SMS may cost: premium numbers pay whoever has them called.

use axum::http::{HeaderValue, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use shared::http::Problem;
use uuid::Uuid;

use super::contacts::Address;
use crate::App;
use crate::store::{deliveries, failures};

/// SMS that one user has sent in a day at the most.
const MOST_A_DAY: i64 = 30;
/// How many of these can be asked for from where the user has not signed in: so a stranger with the password leaves some.
const MOST_ELSEWHERE: i64 = 20;
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Bounds the SMS to numbers that nobody has proved, over all accounts: each may be another's.
///
/// # Errors
/// 429 `sms_throttled`. An email address costs nothing.
pub(crate) async fn spend_on(app: &App, address: &Address) -> Result<(), Problem> {
    if !matches!(address, Address::Phone(_)) {
        return Ok(());
    }
    let (platform, most) = (&app.platform, app.platform.settings.sign_in.unproved_sms);
    let bucket = platform.vault.mac(&platform.db, "sign-in failures", None, "sms to unproved numbers").await?;
    let count = failures::count(&platform.db.unscoped(), &bucket, platform.now(), None).await?;
    if count.window_hits <= most {
        return Ok(());
    }
    if count.window_hits == most + 1 {
        tracing::warn!(most, "the SMS to unproved numbers are used up");
    }
    Err(throttled(app, count.window_ends_at).detail("Use an email address, or try again later."))
}

/// Bounds the SMS to one user's proved numbers.
///
/// # Errors
/// 429 `sms_throttled`.
pub(crate) async fn spend_by(app: &App, user_id: Uuid, on_known_device: bool) -> Result<(), Problem> {
    let now = app.platform.now();
    let most = if on_known_device { MOST_A_DAY } else { MOST_ELSEWHERE };
    let on = app.platform.db.unaudited(user_id);
    match deliveries::nth_newest_sms(&on, user_id, most, now - A_DAY).await? {
        None => Ok(()),
        Some(sent) => {
            Err(throttled(app, sent + A_DAY).detail("Use an authenticator app or a passkey, or try again later."))
        }
    }
}

fn throttled(app: &App, until: Timestamp) -> Problem {
    let seconds = until.duration_since(app.platform.now()).as_secs().max(1);
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "sms_throttled", "Too many SMS were sent")
        .header(header::RETRY_AFTER, HeaderValue::from(seconds))
}
