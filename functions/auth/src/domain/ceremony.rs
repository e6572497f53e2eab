//! A WebAuthn ceremony between its two requests: kept on the server, bound to the browser by a cookie, used once,
//! for five minutes.

use std::time::Duration;

use cookie::{Cookie, SameSite};
use serde::{Serialize, de::DeserializeOwned};
use shared::http::Problem;
use shared::identity::{SessionToken, TokenHash, host_cookie};
use shared::vault::Field;
use uuid::Uuid;

use crate::App;
use crate::store::ceremonies;

/// How long the user has to answer.
pub(crate) const CEREMONY: Duration = Duration::from_mins(5);

/// Which of the two ceremonies.
#[derive(Clone, Copy)]
pub(crate) enum Ceremony {
    Registration,
    Authentication,
}

impl Ceremony {
    fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Authentication => "authentication",
        }
    }

    /// The cookie that binds the ceremony to the browser that began it.
    pub(crate) fn cookie_name(self) -> &'static str {
        match self {
            Self::Registration => "__Host-ward_registration",
            Self::Authentication => "__Host-ward_authentication",
        }
    }

    /// The cookie that removes it.
    pub(crate) fn removal_cookie(self) -> Cookie<'static> {
        host_cookie(self.cookie_name(), String::new(), 0, SameSite::Strict)
    }

    /// Keeps `state`, sealed, and gives the cookie to find it by.
    pub(crate) async fn begin(self, app: &App, state: &impl Serialize) -> Result<Cookie<'static>, Problem> {
        let platform = &app.platform;
        let secret = SessionToken::generate(&platform.random)?;
        let hash = secret.hash();
        let state = serde_json::to_vec(state).map_err(|_| Problem::internal("ceremony state has no JSON form"))?;
        let key = platform.vault.owner_key(&platform.db, Uuid::nil()).await?;
        let sealed = key.seal(&field(&hash.cache_key()), &state)?;
        let now = platform.now();
        let expires_at = now + CEREMONY;
        ceremonies::insert(&platform.db.unscoped(), hash.as_bytes(), self.name(), &sealed, now, expires_at).await?;
        Ok(host_cookie(self.cookie_name(), secret.reveal(), CEREMONY.as_secs().cast_signed(), SameSite::Strict))
    }

    /// Takes the state back; it is gone afterwards, whatever comes of it.
    ///
    /// # Errors
    /// 400 `ceremony_expired` where there is none for this browser.
    pub(crate) async fn take<T: DeserializeOwned>(self, app: &App, cookie: Option<&str>) -> Result<T, Problem> {
        let expired = || {
            Problem::bad_request("ceremony_expired", "This attempt is over")
                .detail("Ask for new options: they hold for 5 minutes and one answer.")
        };
        let hash: TokenHash = cookie.and_then(SessionToken::parse).ok_or_else(expired)?.hash();
        let platform = &app.platform;
        let sealed = ceremonies::take(&platform.db.unscoped(), hash.as_bytes(), self.name(), platform.now())
            .await?
            .ok_or_else(expired)?;
        let state = platform.vault.open_any(&platform.db, Uuid::nil(), &field(&hash.cache_key()), &sealed).await?;
        serde_json::from_slice(&state).map_err(|_| Problem::internal("ceremony state does not parse"))
    }
}

fn field(row: &str) -> Field<'_> {
    Field { table: "webauthn_ceremonies", column: "state", row }
}
