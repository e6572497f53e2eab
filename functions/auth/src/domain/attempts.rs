//! Throttling of guesses, and the record of who tried (NIST SP 800-63B-4, section 3.2.2).
//!
//! An attempt is counted before it is checked, so that parallel ones count too, and forgotten where it succeeds. It
//! counts five times: for the name from one address, for the address, for the name, for the account, and for the account
//! on all devices together. One that is refused at one of these counts at none that come after.
//! A name has counts of its own: if two names of one account shared them, the one would tell of the other. Only the
//! last limits, in a row, are the account's.
//! Guessing slows down; nobody is locked out for good: a device the account has signed in on has counts of its own, which
//! an address has no part in. Strangers use up half of what all devices may fail together. Another factor has other
//! counts, and a success by any way clears the account's. A device is known until what protects the account changes.

use axum::http::{HeaderValue, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::Platform;
use shared::data::Statements;
use shared::http::Problem;
use shared::identity::RequestMeta;
use shared::ledger::{SecurityEvent, Severity};
use shared::vault::BlindIndex;
use uuid::Uuid;

use super::Client;
use super::attempt_buckets::{Buckets, of_account};
use crate::App;
use crate::store::failures::{self, Count};
use crate::store::{accounts, devices, login_attempts};

/// Failures in a row after which an authenticator is closed until a success by another way.
const MOST_IN_A_ROW: i64 = 100;
/// How many of these can come from where the account has not signed in.
const MOST_ELSEWHERE: i64 = 50;
/// How many times one name's limit an account may fail, or have sent, in one window on all its devices together.
const EVERYWHERE_FACTOR: i64 = 4;
/// How many times one name's limit an address may fail over all names.
const ADDRESS_FACTOR: i64 = 10;
/// How many times that limit a name may fail in a row from everywhere before each failure is followed by a wait.
const SLOW_FACTOR: i64 = 2;

/// What is guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Password,
    Passkey,
    Totp,
    BackupCode,
    EmailCode,
    SmsCode,
    GitHub,
    Registration,
    /// A code that proves an address nobody has proved.
    AddressCode,
    /// A message that is asked for, which costs money and somebody's patience.
    Sending,
}

impl Method {
    /// Whether there is a secret to guess: each failure is followed by a wait. What is none is bounded in time.
    fn is_guess(self) -> bool {
        !matches!(self, Self::Registration | Self::Sending | Self::GitHub)
    }

    /// Whether it is closed after many failures. Anyone may prove an address: strangers must not close it for its owner.
    fn closes(self) -> bool {
        self.is_guess() && self != Self::AddressCode
    }

    /// Its name in `login_attempts`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::BackupCode => "backup_code",
            Self::EmailCode => "email",
            Self::SmsCode => "sms",
            Self::GitHub => "github",
            Self::Registration => "registration",
            Self::AddressCode => "address_code",
            Self::Sending => "message",
        }
    }
}

/// A counted attempt.
#[derive(Clone)]
pub(crate) struct Attempt {
    method: Method,
    /// Whose account; nil where there is none.
    user_id: Uuid,
    identifier: Option<BlindIndex>,
    buckets: Buckets,
    device_id: Option<Uuid>,
    request: RequestMeta,
    security_version: Option<i64>,
    /// Failures in a row of the name, of the account there, and of the account everywhere, this one included.
    in_a_row: (i64, i64, i64),
}

impl Attempt {
    /// Counts an attempt on an account: `user_id` where one is known, and else nil; with the index of what was named.
    ///
    /// # Errors
    /// 429 `sign_in_throttled` with `Retry-After`.
    pub(crate) async fn begin(
        app: &App,
        client: &Client,
        method: Method,
        user_id: Uuid,
        identifier: Option<BlindIndex>,
    ) -> Result<Self, Problem> {
        let platform = &app.platform;
        let on = platform.db.unaudited(user_id);
        let security_version = accounts::security_version(&on, user_id).await?;
        let device_id = match client.device_hash() {
            Some(hash) => devices::find(&on, &hash).await?.filter(|device| device.is_known).map(|device| device.id),
            None => None,
        };
        let mut attempt = Self {
            method,
            user_id,
            identifier,
            buckets: Buckets::of(platform, client, method, user_id, identifier, device_id).await?,
            device_id,
            request: client.request,
            security_version,
            in_a_row: (0, 0, 0),
        };
        match attempt.count(app).await? {
            None => Ok(attempt),
            Some(until) => Err(attempt.throttled(platform, until).await?),
        }
    }

    /// Counts; gives until when the attempt is refused, if it is.
    async fn count(&mut self, app: &App) -> Result<Option<Timestamp>, Problem> {
        let (platform, buckets, guess) = (&app.platform, &self.buckets, self.method.is_guess());
        let (on, now, most) = (platform.db.unscoped(), platform.now(), most(platform));
        let within = |count: &Count, limit: i64| (count.window_hits > limit).then_some(count.window_ends_at);
        let pair = failures::count(&on, &buckets.pair, now, None).await?;
        if let Some(until) = within(&pair, most) {
            return Ok(Some(until));
        }
        let address = failures::count(&on, &buckets.address, now, None).await?;
        let limit = most.saturating_mul(ADDRESS_FACTOR);
        let apart = self.device_id.is_some() && self.method != Method::Sending;
        if let (false, Some(until)) = (apart, within(&address, limit)) {
            if address.window_hits == limit + 1 {
                let event = self.event("brute_force_detected", Severity::Critical).details(json!({"failures": limit}));
                event.record(&platform.db.unaudited(self.user_id), &platform.clock).await?;
            }
            return Ok(Some(until));
        }
        let slow_after = guess.then_some(most.saturating_mul(SLOW_FACTOR));
        let name = failures::count(&on, &buckets.name, now, slow_after).await?;
        let until = if guess { name.refused_until } else { within(&name, most.saturating_mul(SLOW_FACTOR)) };
        if until.is_some() || !(guess || self.method == Method::Sending) {
            return Ok(until);
        }
        let account = failures::count(&on, &buckets.account, now, None).await?;
        let closed = Some(now + SignedDuration::from_hours(24)).filter(|_| self.method.closes());
        if self.device_id.is_none() && account.failures > MOST_ELSEWHERE && closed.is_some() {
            return Ok(closed);
        }
        let everywhere = failures::count(&on, &buckets.everywhere, now, None).await?;
        self.in_a_row = (name.failures, account.failures, everywhere.failures);
        if everywhere.failures > MOST_IN_A_ROW && closed.is_some() {
            return Ok(closed);
        }
        Ok(within(&everywhere, most.saturating_mul(EVERYWHERE_FACTOR)))
    }

    /// Records a failure: the attempt, an event, and what the failure set off.
    pub(crate) async fn failed(&self, app: &App, result: &'static str) -> Result<(), Problem> {
        let (platform, on) = (&app.platform, app.platform.db.unaudited(self.user_id));
        self.note(platform, &on, result).await?;
        self.event("login_failed", Severity::Medium).record(&on, &platform.clock).await?;
        let (name, account, everywhere) = self.in_a_row;
        let closes = everywhere == MOST_IN_A_ROW || (self.device_id.is_none() && account == MOST_ELSEWHERE);
        if name == most(platform).saturating_mul(SLOW_FACTOR) || (closes && self.method.closes()) {
            let event = self.event("account_locked", Severity::High);
            let details = json!({"method": self.method.name(), "in_a_row": name.max(account).max(everywhere)});
            event.details(details).record(&on, &platform.clock).await?;
        }
        Ok(())
    }

    /// Records an attempt that was no guess, for it could not be checked or was right and refused for another reason,
    /// and takes its counts back.
    pub(crate) async fn uncounted(&self, app: &App, result: &'static str) -> Result<(), Problem> {
        let on = app.platform.db.unaudited(self.user_id);
        self.note(&app.platform, &on, result).await?;
        let Buckets { pair, address, name, account, everywhere } = self.buckets;
        Ok(failures::take_back(&on, &[pair, address, name, account, everywhere]).await?)
    }

    /// The attempt in the name of a user who is known only now.
    pub(crate) async fn by(&self, app: &App, user_id: Uuid) -> Result<Self, Problem> {
        let security_version = accounts::security_version(&app.platform.db.unaudited(user_id), user_id).await?;
        Ok(Self { user_id, security_version, ..self.clone() })
    }

    /// Records a success that is not yet the whole proof, in the transaction of what comes of it, and forgets the
    /// failures of what was guessed at.
    pub(crate) async fn succeeded(&self, app: &App, on: &impl Statements, result: &'static str) -> Result<(), Problem> {
        self.note(&app.platform, on, result).await?;
        let Buckets { pair, address, name, account, everywhere } = &self.buckets;
        Ok(failures::forget(on, &[*pair, *name, *account, *everywhere], Some(address)).await?)
    }

    /// Records a success by which somebody has proved to be the account's user, in the transaction of what comes of
    /// it, and opens again whatever guessing has slowed on the account.
    pub(crate) async fn proved(&self, app: &App, on: &impl Statements, result: &'static str) -> Result<(), Problem> {
        self.note(&app.platform, on, result).await?;
        let Buckets { pair, address, name, account, everywhere } = &self.buckets;
        let mut buckets = of_account(app, on, self.user_id, self.device_id.as_slice()).await?;
        buckets.extend([*pair, *name, *account, *everywhere]);
        Ok(failures::forget(on, &buckets, Some(address)).await?)
    }

    /// Whether it came from a device the account knows.
    pub(crate) fn is_on_known_device(&self) -> bool {
        self.device_id.is_some()
    }

    /// The account's security version when the attempt began; nothing where there is no account.
    pub(crate) fn security_version(&self) -> Option<i64> {
        self.security_version
    }

    async fn note(&self, platform: &Platform, on: &impl Statements, result: &'static str) -> Result<(), Problem> {
        let row = login_attempts::Row {
            user_id: self.user_id,
            identifier: self.identifier,
            method: self.method.name(),
            result,
            device_id: self.device_id,
            request: self.request,
            at: platform.now(),
        };
        Ok(login_attempts::insert(on, &row).await?)
    }

    fn event(&self, kind: &'static str, severity: Severity) -> SecurityEvent {
        SecurityEvent::new(self.user_id, kind, severity, self.request).details(json!({"method": self.method.name()}))
    }

    async fn throttled(&self, platform: &Platform, until: Timestamp) -> Result<Problem, Problem> {
        self.note(platform, &platform.db.unaudited(self.user_id), "throttled").await?;
        let seconds = until.duration_since(platform.now()).as_secs().max(1);
        let way = match self.method {
            Method::Password => ", or sign in another way: a passkey is never throttled by wrong passwords",
            _ => "",
        };
        Ok(Problem::new(StatusCode::TOO_MANY_REQUESTS, "sign_in_throttled", "Too many failed attempts")
            .detail(format!("Try again in {seconds} seconds{way}."))
            .header(header::RETRY_AFTER, HeaderValue::from(seconds)))
    }
}

/// Opens again whatever guessing has slowed on an account, on its devices too: somebody has proved to be its user.
pub(crate) async fn clear(app: &App, on: &impl Statements, user_id: Uuid) -> Result<(), Problem> {
    let known: Vec<Uuid> = devices::list(on).await?.iter().map(|device| device.id).collect();
    Ok(failures::forget(on, &of_account(app, on, user_id, &known).await?, None).await?)
}

fn most(platform: &Platform) -> i64 {
    i64::try_from(platform.settings.rate_limits.sign_in).unwrap_or(i64::MAX)
}
