//! What is under way between two requests: kept on the server, sealed, bound to whoever began it by a secret, used
//! once, for a few minutes.

use std::time::Duration;

use cookie::{Cookie, SameSite};
use serde::{Serialize, de::DeserializeOwned};
use shared::data::Statements;
use shared::http::Problem;
use shared::identity::{SessionToken, TokenHash, host_cookie};
use shared::vault::Field;
use uuid::Uuid;

use crate::App;
use crate::store::ceremonies;

/// How long the user has to answer.
pub(crate) const CEREMONY: Duration = Duration::from_mins(5);

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// A new user's passkey.
    Registration,
    /// A sign-in with a passkey.
    Authentication,
    /// A signed-in user's further passkey.
    AddPasskey,
    /// A passkey shown again.
    StepUp,
    /// A sign-in whose first factor is proved.
    SecondFactor,
    /// A registration whose address is not proved yet.
    Verification,
    /// A visit to GitHub.
    GitHub,
    /// A passkey made with a recovery link.
    Recovery,
}

impl Ceremony {
    fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Authentication => "authentication",
            Self::AddPasskey => "add_passkey",
            Self::StepUp => "step_up",
            Self::SecondFactor => "second_factor",
            Self::Verification => "verification",
            Self::GitHub => "github",
            Self::Recovery => "recovery",
        }
    }

    /// The cookie that binds the ceremony to the browser that began it, for those that are bound by one.
    pub(crate) fn cookie_name(self) -> &'static str {
        match self {
            Self::Authentication => "__Host-ward_authentication",
            Self::GitHub => "__Host-ward_github",
            _ => "__Host-ward_registration",
        }
    }

    /// A visit to another site comes back by a link of that site's, which brings no `Strict` cookie along.
    fn same_site(self) -> SameSite {
        if self == Self::GitHub { SameSite::Lax } else { SameSite::Strict }
    }

    /// The cookie that holds the secret.
    pub(crate) fn cookie(self, secret: &SessionToken) -> Cookie<'static> {
        host_cookie(self.cookie_name(), secret.reveal(), CEREMONY.as_secs().cast_signed(), self.same_site())
    }

    /// The cookie that removes it.
    pub(crate) fn removal_cookie(self) -> Cookie<'static> {
        host_cookie(self.cookie_name(), String::new(), 0, self.same_site())
    }

    /// Keeps `state`, sealed, and gives the secret to find it by.
    pub(crate) async fn begin(self, app: &App, state: &impl Serialize) -> Result<SessionToken, Problem> {
        let secret = SessionToken::generate(&app.platform.random)?;
        self.keep(app, &secret.hash(), state).await?;
        Ok(secret)
    }

    /// Keeps `state` for a session, which is its secret: one at a time, the newest.
    pub(crate) async fn begin_in(self, app: &App, session: Uuid, state: &impl Serialize) -> Result<(), Problem> {
        self.keep(app, &self.hash_in(session), state).await
    }

    /// Takes the state back; it is gone afterwards, whatever comes of it.
    ///
    /// # Errors
    /// 400 `ceremony_expired` where there is none for this secret.
    pub(crate) async fn take<T: DeserializeOwned>(self, app: &App, secret: Option<&str>) -> Result<T, Problem> {
        self.take_hash(app, &hash(secret)?).await
    }

    /// Takes back what [`Ceremony::begin_in`] kept for a session.
    pub(crate) async fn take_in<T: DeserializeOwned>(self, app: &App, session: Uuid) -> Result<T, Problem> {
        self.take_hash(app, &self.hash_in(session)).await
    }

    /// The state, left where it is: for a ceremony in which a wrong answer may be followed by another.
    pub(crate) async fn look<T: DeserializeOwned>(self, app: &App, secret: &str) -> Result<T, Problem> {
        let (platform, hash) = (&app.platform, hash(Some(secret))?);
        let found = ceremonies::find(&platform.db.unscoped(), hash.as_bytes(), self.name(), platform.now()).await?;
        self.open(app, &hash, &found.ok_or_else(expired)?).await
    }

    /// Ends a ceremony that was looked at, in the transaction of what comes of it: of two who try, one goes on.
    ///
    /// # Errors
    /// 400 `ceremony_expired` for the other.
    pub(crate) async fn end(self, app: &App, on: &impl Statements, secret: &str) -> Result<(), Problem> {
        let taken = ceremonies::take(on, hash(Some(secret))?.as_bytes(), self.name(), app.platform.now()).await?;
        taken.map(drop).ok_or_else(expired)
    }

    async fn keep(self, app: &App, hash: &TokenHash, state: &impl Serialize) -> Result<(), Problem> {
        let platform = &app.platform;
        let state = serde_json::to_vec(state).map_err(|_| Problem::internal("ceremony state has no JSON form"))?;
        let key = platform.vault.owner_key(&platform.db, Uuid::nil()).await?;
        let sealed = key.seal(&field(&hash.cache_key()), &state)?;
        let now = platform.now();
        let expires_at = now + CEREMONY;
        let on = platform.db.unscoped();
        Ok(ceremonies::put(&on, hash.as_bytes(), self.name(), &sealed, now, expires_at).await?)
    }

    async fn take_hash<T: DeserializeOwned>(self, app: &App, hash: &TokenHash) -> Result<T, Problem> {
        let platform = &app.platform;
        let sealed = ceremonies::take(&platform.db.unscoped(), hash.as_bytes(), self.name(), platform.now()).await?;
        self.open(app, hash, &sealed.ok_or_else(expired)?).await
    }

    async fn open<T: DeserializeOwned>(self, app: &App, hash: &TokenHash, sealed: &[u8]) -> Result<T, Problem> {
        let platform = &app.platform;
        let state = platform.vault.open_any(&platform.db, Uuid::nil(), &field(&hash.cache_key()), sealed).await?;
        serde_json::from_slice(&state).map_err(|_| Problem::internal("ceremony state does not parse"))
    }

    fn hash_in(self, session: Uuid) -> TokenHash {
        TokenHash::of(format!("ward {} of session {session}", self.name()).as_bytes())
    }
}

fn hash(secret: Option<&str>) -> Result<TokenHash, Problem> {
    Ok(secret.and_then(SessionToken::parse).ok_or_else(expired)?.hash())
}

fn expired() -> Problem {
    Problem::bad_request("ceremony_expired", "This attempt is over")
        .detail("Begin anew: an attempt holds for 5 minutes and one answer.")
}

fn field(row: &str) -> Field<'_> {
    Field { table: "ceremonies", column: "state", row }
}
