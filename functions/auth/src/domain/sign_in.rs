//! The end of every way to sign in: the second factor where one is due, then the session, its device, its record.

use std::borrow::Cow;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::data::{Transaction, sessions};
use shared::http::Problem;
use shared::identity::{Assurance, NewSession, SessionKind, SessionToken, SignedIn};
use shared::ledger::{AuditEntry, SecurityEvent, Severity};
use utoipa::ToSchema;
use uuid::Uuid;

use super::attempts::Attempt;
use super::bearer::{self, Tokens};
use super::ceremony::CEREMONY;
use super::{Ceremony, Client, devices, profile};
use crate::App;
use crate::model::{Profile, Signal, UserBody};
use crate::store::accounts::{self, Account, Status};
use crate::store::session_audits::{self, SessionEvent};

/// What the client wants to hold afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SessionMode {
    /// A cookie: for a page.
    #[default]
    Cookie,
    /// An access token and a refresh token: for an app.
    Token,
}

impl SessionMode {
    fn kind(self) -> SessionKind {
        match self {
            Self::Cookie => SessionKind::Cookie,
            Self::Token => SessionKind::Bearer,
        }
    }
}

/// A user who has proved to be who they are, by one factor or two.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Proven {
    pub(crate) user_id: Uuid,
    /// Names of RFC 8176 where it has one.
    pub(crate) methods: Vec<Cow<'static, str>>,
    pub(crate) assurance: Assurance,
    pub(crate) mode: SessionMode,
}

/// A sign-in whose first factor is proved, as it is kept until the second is.
#[derive(Serialize, Deserialize)]
pub(crate) struct Due {
    pub(crate) proven: Proven,
    /// The account's when the first factor was looked at: after a change of it that proof is worth nothing.
    security_version: Option<i64>,
}

/// What came of a sign-in.
pub(crate) enum Outcome {
    /// A session has begun.
    SignedIn(Box<Welcome>),
    /// Another factor is needed.
    SecondFactor(SecondFactor),
}

/// A session that has begun.
pub(crate) struct Welcome {
    pub(crate) user: UserBody,
    pub(crate) signed_in: SignedIn,
    /// What an app holds in place of a cookie.
    pub(crate) tokens: Option<Tokens>,
    /// The device's secret, for its cookie, where the browser had none that the user knows.
    pub(crate) new_device: Option<SessionToken>,
    /// The ceremony that is over, whose cookie goes.
    pub(crate) ceremony: Option<Ceremony>,
    /// For the password manager, where a passkey was made or used.
    pub(crate) signal: Option<Signal>,
}

/// The second factor that is due.
pub(crate) struct SecondFactor {
    pub(crate) challenge: SessionToken,
    pub(crate) methods: Vec<String>,
    pub(crate) expires_at: Timestamp,
}

/// Goes on from a first factor that was right: asks for the second where the account has one and the device is not
/// trusted, and otherwise signs in.
///
/// # Errors
/// 403 `account_disabled` or `account_invited`; 409 `account_changed`.
pub(crate) async fn first_factor(
    app: &App,
    client: &Client,
    mut proven: Proven,
    attempt: &Attempt,
) -> Result<Outcome, Problem> {
    let on = app.platform.db.unaudited(proven.user_id);
    let account = match open_account(&on, proven.user_id).await {
        Ok(account) => account,
        Err(problem) => {
            attempt.uncounted(app, problem.summary().0).await?;
            return Err(problem);
        }
    };
    if proven.assurance == Assurance::Aal1 && !account.factors.is_empty() {
        if short_of_role(app, &account) || !devices::is_trusted(app, client, proven.user_id).await? {
            return ask_second_factor(app, proven, &account, attempt).await.map(Outcome::SecondFactor);
        }
        proven.methods.push("trusted_device".into());
    }
    devices::prepare(app, proven.user_id).await?;
    let entry = AuditEntry::of(proven.user_id, client.request, "auth.sign_in", "session", app.platform.now());
    let mut connection = app.platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    unchanged(&transaction, proven.user_id, attempt.security_version()).await?;
    let begun = begin(app, &transaction, client, &proven, &account, Some(attempt)).await?;
    transaction.commit().await?;
    begun.welcome(app, client, &account).await.map(|welcome| Outcome::SignedIn(Box::new(welcome)))
}

impl Due {
    /// Refuses to go on where a factor, the role or the status has changed since the first factor was looked at.
    ///
    /// # Errors
    /// 409 `account_changed`.
    pub(crate) async fn holds(&self, on: &Transaction<'_>) -> Result<(), Problem> {
        unchanged(on, self.proven.user_id, self.security_version).await
    }
}

/// A password may be changed while it is checked: the session that would begin then is one of those that just ended.
async fn unchanged(on: &Transaction<'_>, user_id: Uuid, version: Option<i64>) -> Result<(), Problem> {
    match version {
        Some(version) if !accounts::stays(on, user_id, version).await? => Err(account_changed()),
        _ => Ok(()),
    }
}

/// 409 for what rests on an account as it was a moment ago.
pub(crate) fn account_changed() -> Problem {
    Problem::new(StatusCode::CONFLICT, "account_changed", "The account was changed just now")
        .detail("A factor, the role, the status or the sessions are others than when this began. Begin anew.")
}

/// The account, where it may sign in.
///
/// # Errors
/// 403 `account_disabled` or `account_invited`; told only to whoever has proved to be its user.
pub(crate) async fn open_account(on: &impl shared::data::Statements, user_id: Uuid) -> Result<Account, Problem> {
    let account = accounts::load(on, user_id).await?.ok_or_else(Problem::unauthenticated)?;
    match account.status {
        Status::Active => Ok(account),
        Status::Disabled => Err(Problem::forbidden("account_disabled", "This account is disabled")
            .detail("An administrator has disabled it. Ask one to enable it.")),
        Status::Invited => Err(Problem::forbidden("account_invited", "This account is not open yet")
            .detail("Follow the link of the invitation first.")),
    }
}

/// Whether the account lacks the second factor that its role needs. A trusted device stands in for none.
fn short_of_role(app: &App, account: &Account) -> bool {
    needs_level_2(app, account) && !account.reaches_aal2()
}

/// Whether the account's role needs a second factor.
pub(crate) fn needs_level_2(app: &App, account: &Account) -> bool {
    app.platform.settings.sign_in.mfa_roles.contains(&account.role)
}

async fn ask_second_factor(
    app: &App,
    proven: Proven,
    account: &Account,
    attempt: &Attempt,
) -> Result<SecondFactor, Problem> {
    let on = app.platform.db.unaudited(proven.user_id);
    let due = Due { proven, security_version: attempt.security_version() };
    let challenge = Ceremony::SecondFactor.begin(app, &due).await?;
    attempt.succeeded(app, &on, "second_factor_due").await?;
    let mut methods = account.factors.clone();
    if account.backup_codes > 0 {
        methods.push("backup_code".into());
    }
    Ok(SecondFactor { challenge, methods, expires_at: app.platform.now() + CEREMONY })
}

/// A session written in a transaction that is still open.
pub(crate) struct Begun {
    signed_in: SignedIn,
    user_id: Uuid,
    device: devices::Recognised,
}

/// Begins a session within a transaction: device, session, record, and the attempt's success. The session the client
/// had before ends.
pub(crate) async fn begin(
    app: &App,
    on: &Transaction<'_>,
    client: &Client,
    proven: &Proven,
    account: &Account,
    attempt: Option<&Attempt>,
) -> Result<Begun, Problem> {
    let (platform, user_id) = (&app.platform, proven.user_id);
    let now = platform.now();
    let device = devices::recognise(app, on, client, user_id).await?;
    let begun = platform.sessions.begin(NewSession {
        user_id,
        role: account.role,
        assurance: proven.assurance,
        methods: proven.methods.clone(),
        kind: proven.mode.kind(),
        device_id: Some(device.id),
    });
    let signed_in = begun.await?;
    let session = &signed_in.session;
    sessions::insert(on, session, &signed_in.token_hash()).await?;
    if proven.mode == SessionMode::Token {
        bearer::begin(app, on, session).await?;
    }
    session_audits::insert(on, user_id, session.id, SessionEvent::Begun, Some(device.id), client.request, now).await?;
    if let Some(attempt) = attempt {
        attempt.proved(app, on, "success").await?;
    }
    if device.is_new {
        let event = SecurityEvent::new(user_id, "new_device", Severity::Low, client.request);
        event.details(serde_json::json!({"device_id": device.id})).record(on, &platform.clock).await?;
    }
    Ok(Begun { signed_in, user_id, device })
}

impl Begun {
    /// Trusts the device the session begins on.
    pub(crate) async fn trust_device(&mut self, app: &App, on: &Transaction<'_>) -> Result<(), Problem> {
        devices::trust(app, on, &mut self.device).await
    }

    /// After the commit: the session before is over, and the user hears of a new device.
    pub(crate) async fn welcome(self, app: &App, client: &Client, account: &Account) -> Result<Welcome, Problem> {
        if let Some(before) = &client.before {
            end_before(app, client, before).await?;
        }
        let profile: Profile = profile::open(&app.platform, self.user_id, &account.profile).await?;
        if self.device.notice {
            devices::tell_of_new(app, self.user_id, &self.device).await;
        }
        let tokens = match self.signed_in.session.kind {
            SessionKind::Bearer => Some(bearer::first(app, &self.signed_in.session).await?),
            _ => None,
        };
        Ok(Welcome {
            user: UserBody::new(self.user_id, account.role, profile),
            signed_in: self.signed_in,
            tokens,
            new_device: self.device.new_secret,
            ceremony: None,
            signal: None,
        })
    }
}

async fn end_before(app: &App, client: &Client, before: &SignedIn) -> Result<(), Problem> {
    let (platform, session) = (&app.platform, &before.session);
    if session.kind != SessionKind::Cookie {
        return Ok(());
    }
    let scope = platform.db.unaudited(session.user_id);
    platform.sessions.revoke(&scope, before).await?;
    let event = SessionEvent::SignedOut;
    session_audits::insert(
        &scope,
        session.user_id,
        session.id,
        event,
        session.device_id,
        client.request,
        platform.now(),
    )
    .await?;
    Ok(())
}

/// 401 for whatever does not fit, with one text for all.
pub(crate) fn credentials_invalid() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "credentials_invalid", "This name and password do not fit")
        .detail("Check both, or recover the account if you have forgotten the password.")
}
