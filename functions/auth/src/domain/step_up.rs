//! Whether somebody is really there: what sensitive routes ask for, and how a session comes by it.

use std::borrow::Cow;

use shared::data::Transaction;
use shared::http::Problem;
use shared::identity::{Assurance, Caller, Presence, Proof, SignedIn, TokenHash};
use shared::ledger::AuditEntry;

use super::attempts::Method;
use crate::App;
use crate::store::accounts::{self, Account};
use crate::store::session_audits::{self, SessionEvent};
use crate::store::sessions::{self, Shown};

/// Lets a caller through who has shown a factor within 15 minutes, at assurance level 2 where the account can reach it
/// (NIST SP 800-63B-4, section 2.2.3).
///
/// # Errors
/// 403 `step_up_required`; 403 `api_key_refused` for an API key, which shows nobody's presence.
pub(crate) async fn require(app: &App, caller: &Caller) -> Result<(), Problem> {
    let session = caller.session();
    match session.presence(app.platform.now())? {
        Presence::Strong => Ok(()),
        Presence::Weak => {
            let account = accounts::load(&app.platform.db.unaudited(session.user_id), session.user_id).await?;
            let suffices = account.is_some_and(|account| !account.reaches_aal2());
            if suffices { Ok(()) } else { Err(Presence::refused()) }
        }
        Presence::Stale => Err(Presence::refused()),
    }
}

/// Looks again, with the account locked, whether the session that asks still lives. A request is let in by its headers, and
/// its body may come much later: what it makes would outlive a session that was ended meanwhile.
///
/// # Errors
/// 401 `unauthenticated`.
pub(crate) async fn still_here(app: &App, on: &Transaction<'_>, caller: &Caller) -> Result<(), Problem> {
    accounts::lock(on, caller.user_id()).await?;
    let lives = sessions::is_live(on, caller.session().id, app.platform.now()).await?;
    lives.then_some(()).ok_or_else(Problem::unauthenticated)
}

/// As [`require`], for what outlives the session: where the role needs a second factor, one that reaches level 2 has to
/// be enrolled and shown before.
///
/// # Errors
/// 403 `step_up_required` or `second_factor_required`.
pub(crate) async fn require_as_role(app: &App, caller: &Caller) -> Result<(), Problem> {
    require(app, caller).await?;
    let (session, settings) = (caller.session(), &app.platform.settings.sign_in);
    if session.assurance == Assurance::Aal2 || !settings.mfa_roles.contains(&session.role) {
        return Ok(());
    }
    Err(Problem::forbidden("second_factor_required", "Your role needs a second factor")
        .detail("Add a passkey or an authenticator app to your account first."))
}

/// Refuses a factor that is weaker than what the account has: otherwise whoever holds a session and the weak factor
/// could take the strong one away. Asked before the factor is looked at.
///
/// # Errors
/// 403 `factor_too_weak`.
pub(crate) fn permit(account: &Account, method: Method) -> Result<(), Problem> {
    let strong = match method {
        Method::Passkey | Method::Totp | Method::BackupCode | Method::SmsCode => true,
        // One factor, an address anyone with the mailbox reads, or another site's word.
        Method::Password
        | Method::EmailCode
        | Method::GitHub
        | Method::Registration
        | Method::AddressCode
        | Method::Sending => false,
    };
    if strong || !account.reaches_aal2() {
        return Ok(());
    }
    Err(Problem::forbidden("factor_too_weak", "This account has a stronger factor")
        .detail("Step up with a passkey, or with a code of the authenticator app."))
}

/// The audit row a step-up's transaction begins with.
pub(crate) fn entry(app: &App, caller: &Caller) -> AuditEntry {
    AuditEntry::by(caller, "auth.step_up", "session", app.platform.now()).resource(caller.session().id)
}

/// A session strengthened in a transaction that is still open.
pub(crate) struct Strengthened {
    signed_in: SignedIn,
    before: TokenHash,
}

/// Notes in a transaction that the caller has shown a factor: the session is at `assurance` from now on if it was not
/// above, with `methods` added, authenticated now. A cookie gets a new token, so that one which was stolen or planted
/// before is worth nothing now (OWASP ASVS 5.0, 7.2.4); a bearer session keeps its id, which its access tokens name.
/// When the session ends does not change. Without `methods` nothing was shown: the token is new, and no more.
///
/// It locks the account: rows of the factor are changed after it. [`Strengthened::told`] comes after the commit.
///
/// # Errors
/// 401 `unauthenticated` where the session has ended, or another step-up has changed its token meanwhile.
pub(crate) async fn strengthen(
    app: &App,
    on: &Transaction<'_>,
    caller: &Caller,
    methods: &[Cow<'static, str>],
    assurance: Assurance,
) -> Result<Strengthened, Problem> {
    let (platform, now) = (&app.platform, app.platform.now());
    let before = caller.signed_in.token_hash();
    let mut signed_in = caller.signed_in.clone();
    if let Proof::Cookie(token) = &mut signed_in.proof {
        *token = platform.sessions.new_cookie_token().await?;
    }
    let user_id = caller.user_id();
    let security_version = accounts::raise_security_version(on, user_id, now).await?;
    let after = signed_in.token_hash();
    let session = &mut signed_in.session;
    let authenticated_at = if methods.is_empty() { session.authenticated_at } else { now };
    let shown = Shown { id: session.id, before: &before, after: &after, assurance, methods, authenticated_at, now };
    let (reached, methods) = sessions::strengthen(on, &shown).await?.ok_or_else(Problem::unauthenticated)?;
    session.security_version = security_version;
    session.assurance = reached;
    session.methods = methods.into_iter().map(Cow::Owned).collect();
    (session.authenticated_at, session.last_seen_at) = (authenticated_at, now);
    let event = if shown.methods.is_empty() { SessionEvent::Refreshed } else { SessionEvent::SteppedUp };
    session_audits::insert(on, user_id, session.id, event, session.device_id, caller.request, now).await?;
    Ok(Strengthened { signed_in, before })
}

impl Strengthened {
    /// After the commit: tells the cache, and gives the session as it is now. A cookie session's token is new; for a
    /// bearer session the next access token is to be made from it.
    pub(crate) async fn told(self, app: &App) -> SignedIn {
        let (sessions, session) = (&app.platform.sessions, &self.signed_in.session);
        sessions.forget_user(session.user_id, session.security_version).await;
        // A bearer session is known by the same hash as before: a tombstone would end it.
        if self.signed_in.token_hash() != self.before {
            sessions.forget_token(&self.before).await;
        }
        self.signed_in
    }
}

#[cfg(test)]
mod tests {
    use shared::identity::Role;

    use super::*;
    use crate::store::accounts::Status;

    #[test]
    fn an_account_with_a_stronger_factor_does_not_step_up_with_a_weaker_one() {
        let mut account = Account::new(Role::User, Status::Active, Vec::new());
        account.has_password = true;
        let weak = [Method::Password, Method::EmailCode];
        let strong = [Method::Passkey, Method::Totp, Method::BackupCode, Method::SmsCode];
        assert!(weak.iter().chain(&strong).all(|method| permit(&account, *method).is_ok()));
        // A code by email is no stronger factor.
        account.factors = vec!["email".into()];
        assert!(permit(&account, Method::Password).is_ok());
        for (factors, passkeys) in [(vec!["totp"], 0), (vec!["sms", "email"], 0), (vec![], 1)] {
            account.factors = factors.into_iter().map(str::to_owned).collect();
            account.passkeys = passkeys;
            assert!(weak.iter().all(|method| permit(&account, *method).is_err()), "{:?}", account.factors);
            assert!(strong.iter().all(|method| permit(&account, *method).is_ok()), "{:?}", account.factors);
        }
    }
}
