//! Sessions: begun at sign-in, looked up by the guard, ended at sign-out.

use cookie::{Cookie, SameSite};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{Assurance, Role, SessionToken, TokenHash};
use crate::clock::{Clock, NoEntropy, Random};
use crate::config::SessionLimits;
use crate::data::cache::{Cached, USER_ID_LENGTH};
use crate::data::{Cache, Db, DbError, Statements, sessions};
use crate::vault::{BlindIndex, Vault};

/// After this many seconds a cached session is checked against the database again and its use noted there. So a
/// revocation that could not reach the cache holds within a minute.
const RECHECK_SECONDS: i64 = 60;

/// The session's cookie. The prefix binds it to this host and to TLS.
pub(crate) const SESSION_COOKIE: &str = "__Host-ward_session";

/// A live session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// The user's role.
    pub role: Role,
    /// How well the user was authenticated.
    pub assurance: Assurance,
    /// When a factor was last shown.
    pub authenticated_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, as far as the database knows.
    pub last_seen_at: Timestamp,
    /// Its absolute end.
    pub expires_at: Timestamp,
}

/// A session with the token that proves it. The guard puts it into the request's extensions.
#[derive(Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// Its token.
    pub token: SessionToken,
}

impl SignedIn {
    /// The session's cookie: for this host only, over TLS only, out of scripts' reach (RFC 6265bis).
    pub fn cookie(&self) -> Cookie<'static> {
        let lifetime = self.session.expires_at.duration_since(self.session.created_at).as_secs();
        host_cookie(SESSION_COOKIE, self.token.reveal(), lifetime, SameSite::Lax)
    }

    /// The cookie that removes it.
    pub fn removal_cookie() -> Cookie<'static> {
        host_cookie(SESSION_COOKIE, String::new(), 0, SameSite::Lax)
    }
}

/// A cookie with the `__Host-` prefix's attributes. `name` begins with it.
pub fn host_cookie(name: &'static str, value: String, max_age_seconds: i64, same_site: SameSite) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(same_site)
        .max_age(cookie::time::Duration::seconds(max_age_seconds))
        .build()
}

/// Begins, finds sessions. Cheap to clone.
#[derive(Clone)]
pub struct SessionStore {
    pub(crate) db: Db,
    pub(crate) cache: Cache,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) vault: Vault,
    pub(crate) limits: SessionLimits,
}

impl SessionStore {
    /// A session that begins now and its token; [`sessions::insert`] makes it real.
    ///
    /// # Errors
    /// [`NoEntropy`] where the operating system gives no randomness.
    pub fn begin(&self, user_id: Uuid, role: Role, assurance: Assurance) -> Result<SignedIn, NoEntropy> {
        let now = self.clock.now();
        let session = Session {
            id: self.random.id(now)?,
            user_id,
            role,
            assurance,
            authenticated_at: now,
            created_at: now,
            last_seen_at: now,
            expires_at: now + SignedDuration::from_secs(self.limits.absolute_seconds),
        };
        Ok(SignedIn { session, token: SessionToken::generate(&self.random)? })
    }

    /// When the session ends if it is not used again.
    pub fn idle_expires_at(&self, session: &Session) -> Timestamp {
        let idle = self.clock.now() + SignedDuration::from_secs(self.limits.idle_seconds);
        idle.min(session.expires_at)
    }

    /// The live session behind a token, given what the cache said of it.
    pub async fn resume(&self, token: &TokenHash, cached: Cached) -> Result<Option<Session>, DbError> {
        let now = self.clock.now();
        match cached {
            Cached::Revoked => return Ok(None),
            Cached::Live(value) => {
                let session = self.open(token, &value).await;
                if let Some(session) = session.filter(|session| self.is_fresh(session, now)) {
                    return Ok(Some(session));
                }
            }
            Cached::Unknown => {}
        }
        let session = sessions::resume(&self.db.unscoped(), token, now, self.limits.idle_seconds).await?;
        if let Some(session) = &session {
            self.remember(token, session).await;
        }
        Ok(session)
    }

    /// Ends a session everywhere: first in the database, which is the truth, then in the cache.
    pub async fn revoke(&self, on: &impl Statements, signed_in: &SignedIn) -> Result<(), DbError> {
        sessions::revoke(on, signed_in.session.id, self.clock.now()).await?;
        let key = signed_in.token.hash().cache_key();
        if let Err(error) = self.cache.revoke_session(&key, self.limits.absolute_seconds).await {
            tracing::warn!(%error, "a revoked session stays cached for up to a minute");
        }
        Ok(())
    }

    async fn remember(&self, token: &TokenHash, session: &Session) {
        let Ok(json) = serde_json::to_vec(session) else { return };
        let Some(tag) = self.tag(token, &json).await else { return };
        let value = [session.user_id.to_string().as_bytes(), tag.as_bytes(), json.as_slice()].concat();
        if let Err(error) = self.cache.put_session(&token.cache_key(), &value, 2 * RECHECK_SECONDS).await {
            tracing::debug!(%error, "session not cached");
        }
    }

    /// What [`SessionStore::remember`] put; nothing where somebody else did. Whoever can write to the cache would
    /// otherwise be anyone.
    async fn open(&self, token: &TokenHash, value: &[u8]) -> Option<Session> {
        let (user_id, rest) = value.split_at_checked(USER_ID_LENGTH)?;
        let (tag, json) = rest.split_at_checked(BlindIndex::LENGTH)?;
        let right = self.tag(token, json).await?;
        let session: Session = serde_json::from_slice(json).ok()?;
        let authentic = bool::from(right.as_bytes().ct_eq(tag)) && session.user_id.to_string().as_bytes() == user_id;
        authentic.then_some(session)
    }

    /// A tag under a key of the vault's, bound to the session's token.
    async fn tag(&self, token: &TokenHash, json: &[u8]) -> Option<BlindIndex> {
        let text = format!("{}\n{}", token.cache_key(), std::str::from_utf8(json).ok()?);
        let tag = self.vault.blind_index(&self.db, "session cache", None, &text).await;
        // Without the vault the database is asked instead.
        tag.inspect_err(|error| tracing::debug!(%error, "the session cache has no key")).ok()
    }

    fn is_fresh(&self, session: &Session, now: Timestamp) -> bool {
        let age = now.duration_since(session.last_seen_at).as_secs();
        now < session.expires_at && (0..RECHECK_SECONDS.min(self.limits.idle_seconds)).contains(&age)
    }
}
