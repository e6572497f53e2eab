//! The table `consents`: added to, and never changed.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use tokio_postgres::Row;
use uuid::Uuid;

/// A time a consent was given or withdrawn.
pub(crate) struct Consent {
    pub(crate) id: Uuid,
    pub(crate) purpose: String,
    pub(crate) version: String,
    pub(crate) text_hash: Vec<u8>,
    pub(crate) locale: Option<String>,
    pub(crate) given: bool,
    pub(crate) request_id: Uuid,
    pub(crate) at: Timestamp,
}

/// What holds now, a row for each purpose, and a page of all there was: the newest first, and one more than `limit` where
/// there are more.
pub(crate) async fn overview(
    on: &impl Statements,
    user_id: Uuid,
    behind: Option<Uuid>,
    limit: i64,
) -> Result<(Vec<Consent>, Vec<Consent>), DbError> {
    let rows = on
        .query(
            "(SELECT DISTINCT ON (purpose) true, id, purpose, version, text_hash, locale, event = 'given', request_id,
                 created_at
             FROM consents WHERE user_id = $1 ORDER BY purpose, ordinal DESC)
             UNION ALL
             (SELECT false, id, purpose, version, text_hash, locale, event = 'given', request_id, created_at
             FROM consents
             WHERE user_id = $1 AND ($2::uuid IS NULL OR ordinal < (SELECT ordinal FROM consents WHERE id = $2))
             ORDER BY ordinal DESC LIMIT $3::bigint + 1)",
            &[&user_id, &behind, &limit],
        )
        .await?;
    let (current, history): (Vec<_>, Vec<_>) =
        rows.iter().map(|row| (row.get::<_, bool>(0), one(row))).partition(|one| one.0);
    let plain = |rows: Vec<(bool, Consent)>| rows.into_iter().map(|(_, consent)| consent).collect();
    Ok((plain(current), plain(history)))
}

/// What was last decided about a purpose.
pub(crate) async fn latest(on: &impl Statements, user_id: Uuid, purpose: &str) -> Result<Option<Consent>, DbError> {
    let rows = on
        .query(
            "SELECT true, id, purpose, version, text_hash, locale, event = 'given', request_id, created_at FROM consents
             WHERE user_id = $1 AND purpose = $2 ORDER BY ordinal DESC LIMIT 1",
            &[&user_id, &purpose],
        )
        .await?;
    Ok(rows.first().map(one))
}

/// How many purposes a user has decided about.
pub(crate) async fn purposes(on: &impl Statements, user_id: Uuid) -> Result<i64, DbError> {
    let rows = on.query("SELECT count(DISTINCT purpose) FROM consents WHERE user_id = $1", &[&user_id]).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Adds a row.
pub(crate) async fn insert(
    on: &impl Statements,
    user_id: Uuid,
    session_id: Uuid,
    consent: &Consent,
) -> Result<(), DbError> {
    on.query(
        "INSERT INTO consents (id, user_id, purpose, version, text_hash, locale, event, session_id, request_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &consent.id,
            &user_id,
            &consent.purpose,
            &consent.version,
            &consent.text_hash,
            &consent.locale,
            &if consent.given { "given" } else { "withdrawn" },
            &session_id,
            &consent.request_id,
            &consent.at,
        ],
    )
    .await
    .map(drop)
}

fn one(row: &Row) -> Consent {
    Consent {
        id: row.get(1),
        purpose: row.get(2),
        version: row.get(3),
        text_hash: row.get(4),
        locale: row.get(5),
        given: row.get(6),
        request_id: row.get(7),
        at: row.get(8),
    }
}
