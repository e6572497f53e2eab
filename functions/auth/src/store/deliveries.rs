use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::vault::BlindIndex;
use uuid::Uuid;

/// One of the two delivery logs, which have the same columns.
pub(crate) struct Log {
    /// The table.
    pub(crate) table: &'static str,
    insert: &'static str,
    update: &'static str,
}

/// The log of emails.
pub(crate) const EMAIL: Log = Log {
    table: "email_delivery_log",
    insert: "INSERT INTO email_delivery_log (id, user_id, to_address, to_index, template, status, created_at)
             VALUES ($1, $2, $3, $4, $5, 'pending', $6)",
    update: "UPDATE email_delivery_log SET status = $2, provider = $3, provider_message_id = $4, attempts = $5,
                 error = $6, cost_nano = $7, currency = $8, sent_at = $9
             WHERE id = $1",
};

/// The log of SMS.
pub(crate) const SMS: Log = Log {
    table: "sms_delivery_log",
    insert: "INSERT INTO sms_delivery_log (id, user_id, to_address, to_index, template, status, created_at)
             VALUES ($1, $2, $3, $4, $5, 'pending', $6)",
    update: "UPDATE sms_delivery_log SET status = $2, provider = $3, provider_message_id = $4, attempts = $5,
                 error = $6, cost_nano = $7, currency = $8, sent_at = $9
             WHERE id = $1",
};

/// A delivery that begins.
pub(crate) struct Pending<'a> {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) to_address: &'a [u8],
    pub(crate) to_index: &'a BlindIndex,
    pub(crate) template: &'static str,
    pub(crate) now: Timestamp,
}

/// Writes a delivery down before anything is sent.
pub(crate) async fn insert(on: &impl Statements, log: &Log, row: &Pending<'_>) -> Result<(), DbError> {
    on.query(log.insert, &[&row.id, &row.user_id, &row.to_address, &row.to_index.as_bytes(), &row.template, &row.now])
        .await
        .map(drop)
}

/// How far a delivery has come.
#[derive(Default)]
pub(crate) struct Progress<'a> {
    pub(crate) status: &'static str,
    pub(crate) provider: &'static str,
    pub(crate) provider_message_id: Option<&'a str>,
    pub(crate) attempts: i16,
    pub(crate) error: Option<&'a str>,
    pub(crate) cost_nano: Option<i64>,
    pub(crate) currency: Option<&'a str>,
    pub(crate) sent_at: Option<Timestamp>,
}

/// Writes down what came of a provider.
pub(crate) async fn update(on: &impl Statements, log: &Log, id: Uuid, now: &Progress<'_>) -> Result<(), DbError> {
    on.query(
        log.update,
        &[
            &id,
            &now.status,
            &now.provider,
            &now.provider_message_id,
            &now.attempts,
            &now.error,
            &now.cost_nano,
            &now.currency,
            &now.sent_at,
        ],
    )
    .await
    .map(drop)
}

/// When the newest but `n - 1` of a user's SMS since `since` was handed over; nothing where there are fewer.
pub(crate) async fn nth_newest_sms(
    on: &impl Statements,
    user_id: Uuid,
    n: i64,
    since: Timestamp,
) -> Result<Option<Timestamp>, DbError> {
    let rows = on
        .query(
            "SELECT created_at FROM sms_delivery_log WHERE user_id = $1 AND created_at > $2
             ORDER BY created_at DESC OFFSET $3::bigint - 1 LIMIT 1",
            &[&user_id, &since, &n],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}
