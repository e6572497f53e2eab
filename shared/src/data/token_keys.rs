//! The table `token_keys`: the public halves of the keys that sign access tokens.

use jiff::Timestamp;
use serde_json::Value;

use super::{DbError, Statements};

/// A key that tokens may be signed by.
#[derive(Clone, Debug)]
pub struct Row {
    /// The key's id.
    pub kid: String,
    /// The key as a JWK.
    pub jwk: Value,
    /// Since when it is gone from the set of keys that sign.
    pub retired_at: Option<Timestamp>,
}

/// The keys that are not retired, and those retired after `since`; the newest first.
pub async fn live(on: &impl Statements, since: Timestamp) -> Result<Vec<Row>, DbError> {
    let rows = on
        .query(
            "SELECT kid, jwk, retired_at FROM token_keys WHERE retired_at IS NULL OR retired_at > $1
             ORDER BY created_at DESC, kid",
            &[&since],
        )
        .await?;
    Ok(rows.iter().map(|row| Row { kid: row.get(0), jwk: row.get(1), retired_at: row.get(2) }).collect())
}

/// Makes these the keys that sign: the others are retired now. Gives since when each of them is there.
///
/// Two who publish different sets at the same time don't wait for each other in a circle: rows are taken in one order,
/// and one that another holds is retired the next time.
pub async fn publish(
    on: &impl Statements,
    kids: &[&str],
    jwks: &[Value],
    now: Timestamp,
) -> Result<Vec<(String, Timestamp)>, DbError> {
    let rows = on
        .query(
            "WITH retired AS (
                 UPDATE token_keys SET retired_at = $3 WHERE kid IN (
                     SELECT kid FROM token_keys WHERE kid <> ALL ($1) AND retired_at IS NULL FOR UPDATE SKIP LOCKED)
             )
             INSERT INTO token_keys (kid, jwk, created_at)
             SELECT kid, jwk, $3 FROM unnest($1::text[], $2::jsonb[]) AS published (kid, jwk) ORDER BY kid
             ON CONFLICT (kid) DO UPDATE SET jwk = excluded.jwk, retired_at = NULL, created_at = CASE
                 WHEN token_keys.retired_at IS NULL THEN token_keys.created_at ELSE excluded.created_at END
             RETURNING kid, created_at",
            &[&kids, &jwks, &now],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
