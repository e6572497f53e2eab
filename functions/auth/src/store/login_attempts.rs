//! The table `login_attempts`: written once, never changed.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::identity::RequestMeta;
use shared::vault::BlindIndex;
use uuid::Uuid;

/// One attempt.
pub(crate) struct Row {
    /// Whose account; nil where there is none.
    pub(crate) user_id: Uuid,
    /// The index of the name or address that was given.
    pub(crate) identifier: Option<BlindIndex>,
    pub(crate) method: &'static str,
    pub(crate) result: &'static str,
    pub(crate) device_id: Option<Uuid>,
    pub(crate) request: RequestMeta,
    pub(crate) at: Timestamp,
}

pub(crate) async fn insert(on: &impl Statements, row: &Row) -> Result<(), DbError> {
    on.query(
        "INSERT INTO login_attempts (id, user_id, identifier_index, method, result, address, device_id, request_id,
             created_at)
         VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            &row.user_id,
            &row.identifier.as_ref().map(BlindIndex::as_bytes),
            &row.method,
            &row.result,
            &row.request.address.map(|address| address.to_string()),
            &row.device_id,
            &row.request.id,
            &row.at,
        ],
    )
    .await
    .map(drop)
}
