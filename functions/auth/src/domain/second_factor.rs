//! The second factor: at sign-in, at step-up, at recovery. One check for all, counted before it is made.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use shared::data::Statements;
use shared::http::Problem;
use shared::identity::Assurance;
use shared::ledger::AuditEntry;
use utoipa::ToSchema;
use uuid::Uuid;

use super::attempts::{Attempt, Method};
use super::contacts::{self, Address};
use super::sign_in::{self, Due, Welcome};
use super::{Ceremony, Client, backup_codes, codes, devices, sms_budget, totp};
use crate::App;
use crate::delivery::{CodePurpose, Template};
use crate::store::factors::{self, Factor as Row};

/// A way to prove the second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Factor {
    /// An authenticator app.
    Totp,
    /// One of ten that were shown once.
    BackupCode,
    /// A code by email.
    Email,
    /// A code by SMS.
    Sms,
}

impl Factor {
    /// Its name in `two_factor_auth` and in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::BackupCode => "backup_code",
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// What is guessed at.
    pub(crate) fn method(self) -> Method {
        match self {
            Self::Totp => Method::Totp,
            Self::BackupCode => Method::BackupCode,
            Self::Email => Method::EmailCode,
            Self::Sms => Method::SmsCode,
        }
    }

    /// Its name in `amr` (RFC 8176, section 2).
    pub(crate) fn amr(self) -> Cow<'static, str> {
        match self {
            Self::Totp | Self::BackupCode => "otp".into(),
            Self::Email => "email".into(),
            Self::Sms => "sms".into(),
        }
    }

    /// What it raises a session to: email proves no device that only the user has (NIST SP 800-63B-4, section
    /// 3.1.3.1).
    pub(crate) fn assurance(self) -> Assurance {
        if self == Self::Email { Assurance::Aal1 } else { Assurance::Aal2 }
    }
}

/// Where a code went.
pub(crate) struct Sent {
    /// Masked.
    pub(crate) to: String,
    pub(crate) expires_at: Timestamp,
}

/// Sends the code of a factor to the address it was enrolled with. `ceremony` is what the code is bound to.
///
/// # Errors
/// 400 `factor_unknown` where the account has no such factor; 429 after many codes; 503 where no provider takes it.
pub(crate) async fn send(
    app: &App,
    client: &Client,
    user_id: Uuid,
    factor: Factor,
    purpose: CodePurpose,
    ceremony: &str,
) -> Result<Sent, Problem> {
    let address = enrolled_address(app, user_id, factor).await?;
    // Each code is an attempt until it is used: nobody's phone rings all night.
    let attempt = Attempt::begin(app, client, Method::Sending, user_id, None).await?;
    if factor == Factor::Sms {
        sms_budget::spend_by(app, user_id, attempt.is_on_known_device()).await?;
    }
    let on = app.platform.db.unaudited(user_id);
    let code = codes::issue(app, &on, user_id, &bound(factor, ceremony)).await?;
    let template = Template::Code { code, purpose, valid_for: codes::LIFETIME.unsigned_abs() };
    app.delivery.send(&app.platform, user_id, address.message(template)).await?;
    Ok(Sent { to: address.masked(), expires_at: app.platform.now() + codes::LIFETIME })
}

/// Checks a code; gives the attempt, for its success to be recorded with what comes of it.
///
/// # Errors
/// 400 `code_invalid`, the same for a wrong, used or late code and for a factor the account has not; 429.
pub(crate) async fn check(
    app: &App,
    client: &Client,
    user_id: Uuid,
    factor: Factor,
    code: &str,
    ceremony: &str,
) -> Result<Attempt, Problem> {
    let attempt = Attempt::begin(app, client, factor.method(), user_id, None).await?;
    // Statements of their own: what a try uses up stays used up.
    let on = app.platform.db.unaudited(user_id);
    let confirmed = confirmed(&on, user_id).await?;
    let backed_up = !confirmed.is_empty();
    let right = match (factor, confirmed.into_iter().find(|enrolled| enrolled.method == factor.name())) {
        (Factor::BackupCode, _) => backed_up && backup_codes::take(app, &on, user_id, code).await?,
        (Factor::Totp, Some(enrolled)) => totp::take(app, &on, user_id, &enrolled, code).await?,
        (Factor::Email | Factor::Sms, Some(enrolled)) => {
            let right = codes::take(app, &on, user_id, &bound(factor, ceremony), code).await?;
            if right {
                factors::used(&on, enrolled.id, app.platform.now()).await?;
            }
            right
        }
        (_, None) => false,
    };
    if right {
        return Ok(attempt);
    }
    attempt.failed(app, "wrong_code").await?;
    Err(codes::invalid())
}

/// Ends a sign-in whose first factor was right.
///
/// # Errors
/// As [`check`]; 400 `ceremony_expired` after five minutes or a success; 409 `account_changed`.
pub(crate) async fn answer(
    app: &App,
    client: &Client,
    challenge: &str,
    factor: Factor,
    code: &str,
    trust_device: bool,
) -> Result<Welcome, Problem> {
    let platform = &app.platform;
    let mut due: Due = Ceremony::SecondFactor.look(app, challenge).await?;
    let user_id = due.proven.user_id;
    let attempt = check(app, client, user_id, factor, code, challenge).await?;
    let account = sign_in::open_account(&platform.db.unaudited(user_id), user_id).await?;
    due.proven.methods.push(factor.amr());
    due.proven.assurance = factor.assurance();
    devices::prepare(app, user_id).await?;
    let entry = AuditEntry::of(user_id, client.request, "auth.sign_in", "second_factor", platform.now());
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    due.holds(&transaction).await?;
    Ceremony::SecondFactor.end(app, &transaction, challenge).await?;
    let mut begun = sign_in::begin(app, &transaction, client, &due.proven, &account, Some(&attempt)).await?;
    // Where the role needs level 2, a device is trusted by what reaches it.
    if trust_device && (factor.assurance() == Assurance::Aal2 || !sign_in::needs_level_2(app, &account)) {
        begun.trust_device(app, &transaction).await?;
    }
    transaction.commit().await?;
    begun.welcome(app, client, &account).await
}

/// Sends a code for a sign-in whose first factor was right.
pub(crate) async fn send_for_sign_in(
    app: &App,
    client: &Client,
    challenge: &str,
    factor: Factor,
) -> Result<Sent, Problem> {
    let due: Due = Ceremony::SecondFactor.look(app, challenge).await?;
    send(app, client, due.proven.user_id, factor, CodePurpose::SignIn, challenge).await
}

async fn confirmed(on: &impl Statements, user_id: Uuid) -> Result<Vec<Row>, Problem> {
    let mut all = factors::list(on, user_id).await?;
    all.retain(|factor| factor.confirmed_at.is_some());
    Ok(all)
}

async fn enrolled_address(app: &App, user_id: Uuid, factor: Factor) -> Result<Address, Problem> {
    let on = app.platform.db.unaudited(user_id);
    let enrolled = confirmed(&on, user_id).await?.into_iter().find(|enrolled| enrolled.method == factor.name());
    let contact_id = enrolled.and_then(|enrolled| enrolled.contact_id);
    let contact = contacts::open_all(app, &on, user_id)
        .await?
        .into_iter()
        .find(|contact| Some(contact.row.id) == contact_id && contact.row.verified_at.is_some());
    contact.map(|contact| contact.address).ok_or_else(unknown)
}

/// 400 for a factor that no code can be sent for.
pub(crate) fn unknown() -> Problem {
    Problem::bad_request("factor_unknown", "No code can be sent that way")
        .detail("The account has not enrolled it, or it will not do here. The answer before names the ways that will.")
}

/// A code's purpose names its ceremony by a hash: the ceremony's secret stands in no table.
fn bound(factor: Factor, ceremony: &str) -> String {
    let hash = shared::identity::TokenHash::of(ceremony.as_bytes());
    format!("{} {}", factor.name(), hash.cache_key())
}
