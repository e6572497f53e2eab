//! IAM as far as signing in to a database or a cache goes: access keys, and who verifies the tokens made with them.
//!
//! A process gets a key by [`AccessKey::environment`], a test's own objects by [`AccessKey::config`]. Each key has the clock
//! its tokens are judged by, and remembers what came of them.

mod authority;
mod cache;
mod ldap;
mod postgres;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use aws_config::SdkConfig;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp, tz};
use shared::clock::Clock;

pub use authority::Authority;
pub use cache::IamCache;
pub use postgres::IamPostgres;

use super::services::unique;
use super::sigv4::Arrived;

/// The region of every key.
const REGION: &str = "us-east-1";
/// The longest that RDS and `ElastiCache` let a token hold.
const LONGEST_SECONDS: i64 = 900;

static KEYS: LazyLock<Mutex<HashMap<String, AccessKey>>> = LazyLock::new(Mutex::default);

/// Temporary credentials, as a function's role has them.
#[derive(Clone)]
pub struct AccessKey {
    id: String,
    secret: String,
    session_token: String,
    clock: Clock,
    judged: Arc<Mutex<Judged>>,
}

/// What came of the tokens of a key.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// Those that signed somebody in, the oldest first.
    pub accepted: Vec<String>,
    /// Why others did not.
    pub refused: Vec<&'static str>,
}

/// What a token has to say beside its signature.
struct Wanted<'a> {
    service: &'a str,
    /// The places it may name.
    places: &'a [String],
    /// The parameter that names the user, and the user.
    user: (&'a str, &'a str),
}

impl AccessKey {
    /// A key whose tokens are judged at this clock's time.
    pub fn new(clock: Clock) -> Self {
        let id = format!("ASIA{}", unique().replace('_', "X"));
        // Signs that have to be escaped in a URL.
        let (secret, session_token) = (format!("secret/+{id}"), format!("session/+=={id}"));
        let key = Self { id: id.clone(), secret, session_token, clock, judged: Arc::default() };
        KEYS.lock().unwrap().insert(id, key.clone());
        key
    }

    /// The configuration of AWS clients with this key.
    pub fn config(&self) -> SdkConfig {
        let credentials = Credentials::new(&self.id, &self.secret, Some(self.session_token.clone()), None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }

    /// A thief's: this key's secret under the name and the session of another one.
    #[must_use]
    pub fn signing_as(&self, other: &Self) -> Self {
        Self { secret: self.secret.clone(), ..other.clone() }
    }

    /// What a Lambda function with this key has in its environment.
    pub fn environment(&self) -> [(&'static str, &str); 4] {
        [
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", &self.id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret),
            ("AWS_SESSION_TOKEN", &self.session_token),
        ]
    }

    /// What came of its tokens so far.
    pub fn judged(&self) -> Judged {
        self.judged.lock().unwrap().clone()
    }
}

/// Whether a token signs somebody in, which its key remembers.
fn admits(token: &str, wanted: &Wanted<'_>) -> bool {
    let request = Arrived::new("GET", &format!("https://{token}"), []);
    let query = request.query();
    let credential = query.get("X-Amz-Credential").map(String::as_str).unwrap_or_default();
    let Some(key) = KEYS.lock().unwrap().get(credential.split('/').next().unwrap_or_default()).cloned() else {
        return false;
    };
    let verdict = key.judge(&request, credential, wanted);
    let mut judged = key.judged.lock().unwrap();
    match verdict {
        Ok(()) => judged.accepted.push(token.to_owned()),
        Err(why) => judged.refused.push(why),
    }
    verdict.is_ok()
}

impl AccessKey {
    fn judge(&self, request: &Arrived, credential: &str, wanted: &Wanted<'_>) -> Result<(), &'static str> {
        let query = request.query();
        let said = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let date = DateTime::strptime("%Y%m%dT%H%M%SZ", said("X-Amz-Date")).map_err(|_| "no time")?;
        let signed = date.to_zoned(tz::TimeZone::UTC).map_err(|_| "no time")?.timestamp();
        let seconds: i64 = said("X-Amz-Expires").parse().map_err(|_| "no end")?;
        let day = date.strftime("%Y%m%d");
        let scope = format!("{}/{day}/{REGION}/{}/aws4_request", self.id, wanted.service);
        let place = request.url.trim_start_matches("https://").split('/').next().unwrap_or_default();
        let checks = [
            (credential == scope, "another scope"),
            (said("X-Amz-Security-Token") == self.session_token, "another session"),
            (request.verifies_without_body(&self.secret), "a wrong signature"),
            (said("Action") == "connect", "another action"),
            (wanted.places.iter().any(|known| known == place), "another place"),
            (said(wanted.user.0) == wanted.user.1, "another user"),
            ((1..=LONGEST_SECONDS).contains(&seconds), "too long"),
            (holds(signed, seconds, self.clock.now()), "expired"),
        ];
        checks.into_iter().find(|(right, _)| !right).map_or(Ok(()), |(_, why)| Err(why))
    }
}

fn holds(signed: Timestamp, seconds: i64, now: Timestamp) -> bool {
    let age = now.duration_since(signed);
    // AWS's own allowance for clocks that differ.
    age < SignedDuration::from_secs(seconds) && age > -SignedDuration::from_mins(5)
}
