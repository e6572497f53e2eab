//! The table `sessions`, for its user: listed, strengthened, ended. `shared::data::sessions` begins and finds them.

use std::borrow::Cow;

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::identity::{Assurance, TokenHash};
use tokio_postgres::Row;
use uuid::Uuid;

/// A live session of the transaction's user.
pub(crate) struct Live {
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    /// Its device's id and sealed name.
    pub(crate) device: Option<(Uuid, Vec<u8>)>,
    pub(crate) created_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) assurance: Assurance,
    pub(crate) methods: Vec<String>,
}

/// The sessions that are neither ended nor idle for too long, the last used first; 200 at most.
pub(crate) async fn live(on: &impl Statements, now: Timestamp, idle_seconds: i64) -> Result<Vec<Live>, DbError> {
    let rows = on
        .query(
            "SELECT sessions.id, kind, device_id, name, created_at, sessions.last_seen_at, expires_at, assurance, methods
             FROM sessions LEFT JOIN user_devices ON user_devices.id = device_id
             WHERE revoked_at IS NULL AND expires_at > $1
                 AND sessions.last_seen_at > $1 - make_interval(secs => coalesce(idle_seconds, $2::bigint))
             ORDER BY sessions.last_seen_at DESC, sessions.id DESC LIMIT 200",
            &[&now, &idle_seconds],
        )
        .await?;
    rows.iter().map(one).collect()
}

fn one(row: &Row) -> Result<Live, DbError> {
    Ok(Live {
        id: row.get(0),
        kind: row.get(1),
        device: row.get::<_, Option<Uuid>>(2).zip(row.get(3)),
        created_at: row.get(4),
        last_seen_at: row.get(5),
        expires_at: row.get(6),
        assurance: Assurance::from_level(row.get(7)).ok_or(DbError::Column("assurance"))?,
        methods: row.get(8),
    })
}

/// Whether a session of the transaction's user lives.
pub(crate) async fn is_live(on: &impl Statements, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    let live = "SELECT 1 FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2";
    Ok(!on.query(live, &[&id, &now]).await?.is_empty())
}

/// A factor shown in a session.
pub(crate) struct Shown<'a> {
    /// The session.
    pub(crate) id: Uuid,
    /// What it was known by.
    pub(crate) before: &'a TokenHash,
    /// What it is known by from now on.
    pub(crate) after: &'a TokenHash,
    /// Which level it reaches with the factor.
    pub(crate) assurance: Assurance,
    /// How the user was authenticated.
    pub(crate) methods: &'a [Cow<'static, str>],
    /// When a factor was last shown.
    pub(crate) authenticated_at: Timestamp,
    /// The time.
    pub(crate) now: Timestamp,
}

/// What a session has become: its level never falls, and it forgets no method. `None` where it is over, or where
/// another step-up has changed its token meanwhile.
pub(crate) async fn strengthen(
    on: &impl Statements,
    shown: &Shown<'_>,
) -> Result<Option<(Assurance, Vec<String>)>, DbError> {
    let methods: Vec<&str> = shown.methods.iter().map(AsRef::as_ref).collect();
    let rows = on
        .query(
            "UPDATE sessions SET token_hash = $3, assurance = greatest(assurance, $4), authenticated_at = $7,
                 last_seen_at = greatest(last_seen_at, $6),
                 methods = methods || ARRAY(SELECT name FROM unnest($5::text[]) AS name WHERE name <> ALL (methods))
             WHERE id = $1 AND token_hash = $2 AND revoked_at IS NULL AND expires_at > $6
             RETURNING assurance, methods",
            &[
                &shown.id,
                &shown.before.as_bytes(),
                &shown.after.as_bytes(),
                &shown.assurance.level(),
                &methods,
                &shown.now,
                &shown.authenticated_at,
            ],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some((Assurance::from_level(row.get(0)).ok_or(DbError::Column("assurance"))?, row.get(1))))
}

/// Which of a user's sessions; each field narrows it down, none means all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Which {
    /// This one.
    pub(crate) only: Option<Uuid>,
    /// Not this one.
    pub(crate) but: Option<Uuid>,
    /// Those on this device.
    pub(crate) on_device: Option<Uuid>,
    /// Those that don't reach this level.
    pub(crate) below: Option<Assurance>,
}

/// Ends sessions; gives their ids and devices.
pub(crate) async fn end(
    on: &impl Statements,
    user_id: Uuid,
    which: Which,
    now: Timestamp,
) -> Result<Vec<(Uuid, Option<Uuid>)>, DbError> {
    let rows = on
        .query(
            "UPDATE sessions SET revoked_at = $2
             WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
                 AND ($3::uuid IS NULL OR id = $3) AND ($4::uuid IS NULL OR id <> $4)
                 AND ($5::uuid IS NULL OR device_id = $5) AND ($6::smallint IS NULL OR assurance < $6)
             RETURNING id, device_id",
            &[&user_id, &now, &which.only, &which.but, &which.on_device, &which.below.map(Assurance::level)],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
