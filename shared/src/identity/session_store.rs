//! Sessions: begun at sign-in, looked up by the guard, ended at sign-out.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{Assurance, Proof, Role, Session, SessionKind, SignedIn, TokenHash};
use crate::clock::{Clock, Random};
use crate::config::SessionLimits;
use crate::data::cache::{Cached, LIVE_PREFIX_LENGTH};
use crate::data::{Cache, Db, DbError, Statements, sessions};
use crate::vault::{BlindIndex, Vault, VaultError};

/// After this many seconds a cached session is checked against the database again and its use noted there. So a
/// revocation that could not reach the cache holds within a minute.
const RECHECK_SECONDS: i64 = 60;
const CACHED_SECONDS: i64 = 2 * RECHECK_SECONDS;

/// Which of the two look-ups a token needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// A session's token, or the session an access token names.
    Session,
    /// An API key.
    ApiKey,
}

/// Begins, finds and ends sessions. Cheap to clone.
#[derive(Clone)]
pub struct SessionStore {
    pub(crate) db: Db,
    pub(crate) cache: Cache,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) vault: Vault,
    pub(crate) limits: SessionLimits,
}

/// A session about to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Whose.
    pub user_id: Uuid,
    /// The user's role.
    pub role: Role,
    /// How well the user was authenticated.
    pub assurance: Assurance,
    /// By which methods.
    pub methods: Vec<Cow<'static, str>>,
    /// How it will be proved.
    pub kind: SessionKind,
    /// Where it begins.
    pub device_id: Option<Uuid>,
}

impl SessionStore {
    /// A session that begins now and its token; [`sessions::insert`] makes it real.
    ///
    /// # Errors
    /// Those of [`SessionStore::new_cookie_token`].
    pub async fn begin(&self, new: NewSession) -> Result<SignedIn, VaultError> {
        let now = self.clock.now();
        let id = self.random.id(now)?;
        let bearer = new.kind == SessionKind::Bearer;
        let seconds = if bearer { self.limits.bearer_seconds } else { self.limits.absolute_seconds };
        let proof = if bearer {
            Proof::Bearer(TokenHash::of_bearer_session(id))
        } else {
            Proof::Cookie(self.new_cookie_token().await?)
        };
        let session = Session {
            id,
            user_id: new.user_id,
            role: new.role,
            kind: new.kind,
            assurance: new.assurance,
            methods: new.methods,
            authenticated_at: now,
            created_at: now,
            last_seen_at: now,
            expires_at: now + SignedDuration::from_secs(seconds),
            // A client that holds refresh tokens comes back when it has something to ask.
            idle_seconds: bearer.then_some(seconds),
            device_id: new.device_id,
            scopes: None,
            security_version: 0,
        };
        Ok(SignedIn { session, proof })
    }

    /// When the session ends if it is not used again.
    pub fn idle_expires_at(&self, session: &Session) -> Timestamp {
        let idle = self.clock.now() + SignedDuration::from_secs(self.idle_seconds(session));
        idle.min(session.expires_at)
    }

    /// The live session behind a token, given what the cache said of it.
    pub async fn resume(
        &self,
        presented: Presented,
        token: &TokenHash,
        cached: Cached,
    ) -> Result<Option<Session>, DbError> {
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
        let on = self.db.unscoped();
        let session = match presented {
            Presented::Session => sessions::resume(&on, token, now, self.limits.idle_seconds).await?,
            Presented::ApiKey => sessions::resume_api_key(&on, token, now).await?,
        };
        if let Some(session) = &session {
            self.remember(token, session).await;
        }
        Ok(session)
    }

    /// Ends a session everywhere: first in the database, which is the truth, then in the cache.
    pub async fn revoke(&self, on: &impl Statements, signed_in: &SignedIn) -> Result<(), DbError> {
        sessions::revoke(on, signed_in.session.id, self.clock.now()).await?;
        self.forget_token(&signed_in.token_hash()).await;
        Ok(())
    }

    /// Tells the cache that a token is over. The database has been told.
    pub async fn forget_token(&self, token: &TokenHash) {
        let key = token.cache_key();
        if let Err(error) = self.cache.revoke_session(&key, self.limits.longest_seconds()).await {
            tracing::warn!(%error, "an ended session stays cached for up to a minute");
        }
    }

    /// Tells the cache that what it holds of a user from before `security_version` is over. The database has been
    /// told: the next request of each of the user's sessions asks it.
    pub async fn forget_user(&self, user_id: Uuid, security_version: i64) {
        if let Err(error) = self.cache.raise_floor(user_id, security_version, 2 * CACHED_SECONDS).await {
            tracing::warn!(%error, "a user's sessions stay cached for up to a minute");
        }
    }

    async fn remember(&self, token: &TokenHash, session: &Session) {
        let Ok(json) = serde_json::to_vec(session) else { return };
        let prefix = live_prefix(session);
        let Some(tag) = self.tag(token, &prefix, &json).await else { return };
        let value = [prefix.as_bytes(), tag.as_bytes(), json.as_slice()].concat();
        if let Err(error) = self.cache.put_session(&token.cache_key(), &value, CACHED_SECONDS).await {
            tracing::debug!(%error, "session not cached");
        }
    }

    /// What [`SessionStore::remember`] put; nothing where somebody else did. Whoever can write to the cache would
    /// otherwise be anyone.
    async fn open(&self, token: &TokenHash, value: &[u8]) -> Option<Session> {
        let (prefix, rest) = value.split_at_checked(LIVE_PREFIX_LENGTH)?;
        let (tag, json) = rest.split_at_checked(BlindIndex::LENGTH)?;
        let prefix = std::str::from_utf8(prefix).ok()?;
        let right = self.tag(token, prefix, json).await?;
        let session: Session = serde_json::from_slice(json).ok()?;
        let authentic = bool::from(right.as_bytes().ct_eq(tag)) && live_prefix(&session) == prefix;
        authentic.then_some(session)
    }

    /// A tag under a key of the vault's, bound to the session's token.
    async fn tag(&self, token: &TokenHash, prefix: &str, json: &[u8]) -> Option<BlindIndex> {
        let text = format!("{}\n{prefix}\n{}", token.cache_key(), std::str::from_utf8(json).ok()?);
        let tag = self.vault.mac(&self.db, "session cache", None, &text).await;
        // Without the vault the database is asked instead.
        tag.inspect_err(|error| tracing::debug!(%error, "the session cache has no key")).ok()
    }

    fn idle_seconds(&self, session: &Session) -> i64 {
        session.idle_seconds.unwrap_or(self.limits.idle_seconds)
    }

    fn is_fresh(&self, session: &Session, now: Timestamp) -> bool {
        let age = now.duration_since(session.last_seen_at).as_secs();
        now < session.expires_at && (0..RECHECK_SECONDS.min(self.idle_seconds(session))).contains(&age)
    }
}

/// What the cache reads of an entry: whose it is, and the security version it was read with.
fn live_prefix(session: &Session) -> String {
    format!("{}{:010}", session.user_id, session.security_version)
}
