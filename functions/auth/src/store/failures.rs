//! The table `sign_in_failures`.

use jiff::{SignedDuration, Timestamp};
use shared::config::RateLimits;
use shared::data::{DbError, Statements};
use shared::vault::BlindIndex;

/// What a bucket has counted, this attempt included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    /// Failures in a row.
    pub(crate) failures: i64,
    /// Attempts in the window of 15 minutes.
    pub(crate) window_hits: i64,
    /// When that window ends.
    pub(crate) window_ends_at: Timestamp,
    /// Until when the bucket was blocked before this attempt; nothing where it was not.
    pub(crate) refused_until: Option<Timestamp>,
}

/// Counts an attempt. From `slow_after` failures in a row on each is followed by a wait: 30 s, doubled by each further
/// one up to 15 min. An attempt that comes meanwhile is no failure and does not prolong the wait.
///
/// Whether it came meanwhile is settled under the row's lock: of many at once, one goes through. Buckets that nothing
/// was counted in for 90 days are forgotten.
pub(crate) async fn count(
    on: &impl Statements,
    bucket: &BlindIndex,
    now: Timestamp,
    slow_after: Option<i64>,
) -> Result<Count, DbError> {
    let window_ends_at = now + SignedDuration::from_secs(RateLimits::WINDOW_SECONDS);
    let rows = on
        .query(
            "WITH forgotten AS (
                 DELETE FROM sign_in_failures WHERE bucket IN (
                     SELECT bucket FROM sign_in_failures
                     WHERE window_ends_at < $2::timestamptz - interval '90 days' AND bucket <> $1
                     ORDER BY window_ends_at LIMIT 100 FOR UPDATE SKIP LOCKED)
             )
             INSERT INTO sign_in_failures AS f (bucket, failures, window_hits, window_ends_at)
             VALUES ($1, 1, 1, $3)
             ON CONFLICT (bucket) DO UPDATE SET
                 failures = f.failures + CASE WHEN f.blocked_until > $2 THEN 0 ELSE 1 END,
                 window_hits = CASE WHEN f.window_ends_at <= $2 THEN 1 ELSE f.window_hits + 1 END,
                 window_ends_at = CASE WHEN f.window_ends_at <= $2 THEN $3 ELSE f.window_ends_at END,
                 refused = coalesce(f.blocked_until > $2, false),
                 blocked_until = CASE
                     WHEN f.blocked_until > $2 OR f.failures + 1 < coalesce($4::bigint, f.failures + 2)
                         THEN f.blocked_until
                     ELSE $2 + least(interval '30 s' * 2 ^ least(f.failures + 1 - $4, 10), interval '15 min') END
             RETURNING failures, window_hits, window_ends_at, CASE WHEN refused THEN blocked_until END",
            &[&bucket.as_bytes(), &now, &window_ends_at, &slow_after],
        )
        .await?;
    let row = rows.first().ok_or(DbError::Column("sign_in_failures.bucket"))?;
    Ok(Count { failures: row.get(0), window_hits: row.get(1), window_ends_at: row.get(2), refused_until: row.get(3) })
}

/// Forgets buckets, and gives an address back the hit that turned out to be none. One statement that locks in one
/// order: two transactions that forget never wait for each other in a circle.
pub(crate) async fn forget(
    on: &impl Statements,
    buckets: &[BlindIndex],
    address: Option<&BlindIndex>,
) -> Result<(), DbError> {
    let names: Vec<&[u8]> = buckets.iter().map(BlindIndex::as_bytes).collect();
    on.query(
        "WITH locked AS (
             SELECT bucket FROM sign_in_failures WHERE bucket = ANY($1) OR bucket = $2 ORDER BY bucket FOR UPDATE
         ), forgotten AS (
             DELETE FROM sign_in_failures AS f USING locked WHERE f.bucket = locked.bucket AND f.bucket = ANY($1)
         )
         UPDATE sign_in_failures AS f SET window_hits = greatest(f.window_hits - 1, 0), failures = 0
         FROM locked WHERE f.bucket = locked.bucket AND f.bucket = $2",
        &[&names, &address.map(BlindIndex::as_bytes)],
    )
    .await
    .map(drop)
}

/// Takes one count back from each of the buckets.
pub(crate) async fn take_back(on: &impl Statements, buckets: &[BlindIndex]) -> Result<(), DbError> {
    let names: Vec<&[u8]> = buckets.iter().map(BlindIndex::as_bytes).collect();
    on.query(
        "WITH locked AS (
             SELECT bucket FROM sign_in_failures WHERE bucket = ANY($1) ORDER BY bucket FOR UPDATE
         )
         UPDATE sign_in_failures AS f
         SET failures = greatest(f.failures - 1, 0), window_hits = greatest(f.window_hits - 1, 0)
         FROM locked WHERE f.bucket = locked.bucket",
        &[&names],
    )
    .await
    .map(drop)
}
