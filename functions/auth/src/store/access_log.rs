//! The table `audit_log`, for the user whose data it is about. Each statement looks at so many rows at most, however many
//! there are.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::model::{AccessBy, AccessQuery, AccessStart};

/// Rows one page is looked for in.
const LOOKED_AT: i64 = 5_000;

/// An access.
pub(crate) struct Access {
    pub(crate) id: Uuid,
    pub(crate) at: Timestamp,
    pub(crate) action: String,
    pub(crate) resource_type: String,
    pub(crate) actor_id: Uuid,
    /// The actor's role now, where it is another user.
    pub(crate) actor_role: Option<String>,
}

/// The accesses of a page, the newest first, and where the next one begins; nothing where there are no more. A page may
/// hold fewer than its limit and not be the last.
pub(crate) async fn page(
    on: &impl Statements,
    user_id: Uuid,
    query: &AccessQuery,
) -> Result<(Vec<Access>, Option<AccessStart>), DbError> {
    let by_me = query.by == Some(AccessBy::Me);
    let sql = if query.by == Some(AccessBy::Others) { OTHERS } else { ALL };
    let rows = on
        .query(
            sql,
            &[
                &user_id,
                &query.since,
                &query.until,
                &query.below,
                &LOOKED_AT,
                &query.action,
                &by_me,
                &(query.limit + 1),
            ],
        )
        .await?;
    let mut found: Vec<Access> = rows.iter().filter_map(access).collect();
    let wanted = usize::try_from(query.limit).unwrap_or_default();
    if found.len() > wanted {
        found.truncate(wanted);
        let last = found.last().map(|last| AccessStart { at: last.at, id: last.id });
        return Ok((found, last));
    }
    // All that was looked at is told; where it was as much as may be looked at, the next page goes on behind it.
    let looked = rows.first().filter(|row| row.get::<_, i64>(0) == LOOKED_AT);
    Ok((found, looked.map(|row| AccessStart { at: row.get(1), id: row.get(2) })))
}

const ALL: &str = "
    WITH looked AS (
        SELECT id, created_at, action, resource_type, actor_id FROM audit_log
        WHERE user_id = $1 AND created_at >= $2::timestamptz AND created_at <= $3::timestamptz
            AND ($4::uuid IS NULL OR created_at < $3 OR id < $4)
        ORDER BY created_at DESC, id DESC LIMIT $5
    ), page AS (
        SELECT * FROM looked WHERE ($6::text IS NULL OR action = $6) AND (NOT $7::boolean OR actor_id = $1)
        ORDER BY created_at DESC, id DESC LIMIT $8
    ), seen AS (
        SELECT (SELECT count(*) FROM looked), created_at AS last_at, id AS last_id FROM looked
        ORDER BY created_at, id LIMIT 1
    )
    SELECT seen.*, page.id, page.created_at, action, resource_type, actor_id,
        CASE WHEN actor_id <> $1 THEN actor_role(actor_id) END
    FROM seen LEFT JOIN page ON true ORDER BY page.created_at DESC, page.id DESC";

/// As [`ALL`], over the index of what others did.
const OTHERS: &str = "
    WITH looked AS (
        SELECT id, created_at, action, resource_type, actor_id FROM audit_log
        WHERE user_id = $1 AND actor_id <> user_id AND created_at >= $2::timestamptz AND created_at <= $3::timestamptz
            AND ($4::uuid IS NULL OR created_at < $3 OR id < $4)
        ORDER BY created_at DESC, id DESC LIMIT $5
    ), page AS (
        SELECT * FROM looked WHERE ($6::text IS NULL OR action = $6) AND NOT $7::boolean
        ORDER BY created_at DESC, id DESC LIMIT $8
    ), seen AS (
        SELECT (SELECT count(*) FROM looked), created_at AS last_at, id AS last_id FROM looked
        ORDER BY created_at, id LIMIT 1
    )
    SELECT seen.*, page.id, page.created_at, action, resource_type, actor_id, actor_role(actor_id)
    FROM seen LEFT JOIN page ON true ORDER BY page.created_at DESC, page.id DESC";

/// The access in a row; none in the row of a page that holds none.
fn access(row: &Row) -> Option<Access> {
    Some(Access {
        id: row.get::<_, Option<Uuid>>(3)?,
        at: row.get(4),
        action: row.get(5),
        resource_type: row.get(6),
        actor_id: row.get(7),
        actor_role: row.get(8),
    })
}
