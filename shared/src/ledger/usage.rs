//! Usage: a daily quota, reserved before a call and settled exactly once after. PostgreSQL holds the truth.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::config::Quota;
use crate::data::{DbError, Statements};

/// A reservation comes back after this time if nobody settles it: the longest a streamed call may take.
const LEASE: SignedDuration = SignedDuration::from_mins(15);

/// A UTC day.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    /// Its date.
    pub date: Date,
    /// When the next one begins.
    pub ends_at: Timestamp,
}

impl Day {
    /// The day that holds `now`.
    pub fn at(now: Timestamp) -> Self {
        let date = TimeZone::UTC.to_datetime(now).date();
        let next = date.saturating_add(jiff::Span::new().days(1)).at(0, 0, 0, 0);
        let ends_at = TimeZone::UTC.to_timestamp(next).unwrap_or(Timestamp::MAX);
        Self { date, ends_at }
    }
}

/// What a user used in one day.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// Calls to a model.
    pub calls: u64,
    /// Tokens, prompt and answer together.
    pub tokens: u64,
    /// Tokens set aside for calls under way.
    pub reserved_tokens: u64,
    /// Cost in nano-dollars.
    pub cost_nano_dollars: u64,
}

/// What the transaction's user used on `day`. Reservations nobody settled in time don't count.
pub async fn of_day(on: &impl Statements, day: Date, now: Timestamp) -> Result<Used, DbError> {
    let rows = on
        .query(
            "SELECT calls, tokens, cost_nano_dollars, (
                 SELECT coalesce(sum(reserved_tokens), 0)::bigint FROM usage_calls
                 WHERE usage_calls.day = usage_days.day AND state = 'reserved' AND lease_expires_at > $2
             ) FROM usage_days WHERE day = $1",
            &[&day, &now],
        )
        .await?;
    let count = |row: &tokio_postgres::Row, column| row.get::<_, i64>(column).unsigned_abs();
    Ok(rows.first().map_or_else(Used::default, |row| Used {
        calls: count(row, 0),
        tokens: count(row, 1),
        cost_nano_dollars: count(row, 2),
        reserved_tokens: count(row, 3),
    }))
}

/// A call that wants to be made.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Id of the call.
    pub id: Uuid,
    /// Who makes it: the transaction's user.
    pub user_id: Uuid,
    /// The model.
    pub model: &'a str,
    /// Most tokens it can take.
    pub tokens: u64,
}

/// Sets a call's tokens aside; `false` where the day's quota does not hold them.
pub async fn reserve(on: &impl Statements, wanted: &Wanted<'_>, quota: Quota, now: Timestamp) -> Result<bool, DbError> {
    let day = Day::at(now).date;
    let rows = on
        .query(
            "WITH day AS (
                 INSERT INTO usage_days AS today (user_id, day, calls, reserved_tokens)
                 SELECT $2::uuid, $3::date, 1, $5::bigint WHERE $5::bigint <= $6::bigint AND $7::bigint >= 1
                 ON CONFLICT (user_id, day) DO UPDATE
                     SET calls = today.calls + 1, reserved_tokens = today.reserved_tokens + $5
                     WHERE today.tokens + today.reserved_tokens + $5 <= $6 AND today.calls + 1 <= $7
                 RETURNING day
             )
             INSERT INTO usage_calls
                 (id, user_id, day, model, state, reserved_tokens, created_at, lease_expires_at)
             SELECT $1::uuid, $2::uuid, day, $4::text, 'reserved', $5::bigint, $8::timestamptz, $9::timestamptz FROM day
             RETURNING id",
            &[
                &wanted.id,
                &wanted.user_id,
                &day,
                &wanted.model,
                &column(wanted.tokens),
                &column(quota.tokens),
                &column(quota.calls),
                &now,
                &(now + LEASE),
            ],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Gives back what killed calls had set aside; `true` where there was any.
pub async fn release_lapsed(on: &impl Statements, user_id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    let rows = on
        .query(
            "WITH lapsed AS (
                 UPDATE usage_calls SET state = 'expired'
                 WHERE user_id = $1 AND state = 'reserved' AND lease_expires_at <= $2
                 RETURNING day, reserved_tokens
             ), days AS (SELECT day, sum(reserved_tokens)::bigint AS tokens FROM lapsed GROUP BY day)
             UPDATE usage_days SET reserved_tokens = reserved_tokens - days.tokens
             FROM days WHERE usage_days.user_id = $1 AND usage_days.day = days.day RETURNING usage_days.day",
            &[&user_id, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
    /// Whether Ward counted the tokens itself, for the provider did not say.
    pub estimated: bool,
    /// Cost in nano-dollars.
    pub cost_nano_dollars: u64,
    /// Whether the call counts against the quota of calls; one the provider refused does not.
    pub counts: bool,
}

impl Outcome {
    /// The provider refused or could not be reached: nothing is charged.
    pub const REFUSED: Self =
        Self { prompt_tokens: 0, completion_tokens: 0, estimated: false, cost_nano_dollars: 0, counts: false };
}

/// Settles a call: its reservation is given back and what it took is charged. A second time changes nothing; a call
/// whose lease ran out is still charged.
pub async fn settle(on: &impl Statements, id: Uuid, outcome: &Outcome, now: Timestamp) -> Result<(), DbError> {
    let tokens = outcome.prompt_tokens.saturating_add(outcome.completion_tokens);
    on.query(
        "WITH open AS (
             SELECT id, user_id, day, CASE state WHEN 'reserved' THEN reserved_tokens ELSE 0 END AS held
             FROM usage_calls WHERE id = $1 AND state <> 'settled' FOR UPDATE
         ), settled AS (
             UPDATE usage_calls SET state = 'settled', prompt_tokens = $2, completion_tokens = $3, estimated = $4,
                 cost_nano_dollars = $5::bigint, settled_at = $6
             FROM open WHERE usage_calls.id = open.id RETURNING usage_calls.id
         )
         UPDATE usage_days SET reserved_tokens = reserved_tokens - open.held, tokens = tokens + $7::bigint,
             cost_nano_dollars = usage_days.cost_nano_dollars + $5::bigint, calls = calls - $8::bigint
         FROM open, settled WHERE usage_days.user_id = open.user_id AND usage_days.day = open.day",
        &[
            &id,
            &column(outcome.prompt_tokens),
            &column(outcome.completion_tokens),
            &outcome.estimated,
            &column(outcome.cost_nano_dollars),
            &now,
            &column(tokens),
            &i64::from(!outcome.counts),
        ],
    )
    .await
    .map(drop)
}

fn column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let day = Day::at("2028-02-28T23:59:59Z".parse().unwrap());
        assert_eq!(day.date.to_string(), "2028-02-28");
        assert_eq!(day.ends_at.to_string(), "2028-02-29T00:00:00Z");
    }
}
