//! Counters of the rate limits for as long as the cache can't be reached.

use jiff::Timestamp;

use super::{Db, DbError, Statements};

/// Counts one more hit on `bucket` and gives the sum; a bucket whose time is over begins anew, and others whose
/// time is over are forgotten.
pub async fn count(db: &Db, bucket: &str, now: Timestamp, expires_at: Timestamp) -> Result<u64, DbError> {
    let rows = db
        .unscoped()
        .query(
            "WITH expired AS (DELETE FROM rate_counters WHERE expires_at <= $2 AND bucket <> $1)
             INSERT INTO rate_counters AS counter (bucket, hits, expires_at) VALUES ($1, 1, $3)
             ON CONFLICT (bucket) DO UPDATE SET
                 hits = CASE WHEN counter.expires_at <= $2 THEN 1 ELSE counter.hits + 1 END,
                 expires_at = CASE WHEN counter.expires_at <= $2 THEN $3 ELSE counter.expires_at END
             RETURNING hits",
            &[&bucket, &now, &expires_at],
        )
        .await?;
    let hits: i64 = rows.first().ok_or(DbError::Column("hits"))?.get(0);
    Ok(hits.unsigned_abs())
}
