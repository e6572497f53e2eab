//! The table `session_audits`: what became of each session.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::identity::RequestMeta;
use uuid::Uuid;

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SessionEvent {
    Begun,
    Refreshed,
    SteppedUp,
    SignedOut,
    Revoked,
}

impl SessionEvent {
    fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Refreshed => "refreshed",
            Self::SteppedUp => "stepped_up",
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
        }
    }
}

pub(crate) async fn insert(
    on: &impl Statements,
    user_id: Uuid,
    session_id: Uuid,
    event: SessionEvent,
    device_id: Option<Uuid>,
    request: RequestMeta,
    now: Timestamp,
) -> Result<(), DbError> {
    on.query(
        "INSERT INTO session_audits (id, user_id, session_id, event, device_id, address, request_id, created_at)
         VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, $7)",
        &[
            &user_id,
            &session_id,
            &event.name(),
            &device_id,
            &request.address.map(|address| address.to_string()),
            &request.id,
            &now,
        ],
    )
    .await
    .map(drop)
}

/// The same of several sessions: ids, and the devices they were on.
pub(crate) async fn insert_all(
    on: &impl Statements,
    user_id: Uuid,
    sessions: &[(Uuid, Option<Uuid>)],
    event: SessionEvent,
    request: RequestMeta,
    now: Timestamp,
) -> Result<(), DbError> {
    let (ids, devices): (Vec<Uuid>, Vec<Option<Uuid>>) = sessions.iter().copied().unzip();
    on.query(
        "INSERT INTO session_audits (id, user_id, session_id, event, device_id, address, request_id, created_at)
         SELECT gen_random_uuid(), $1, session_id, $2, device_id, $3, $4, $5
         FROM unnest($6::uuid[], $7::uuid[]) AS ended (session_id, device_id)",
        &[
            &user_id,
            &event.name(),
            &request.address.map(|address| address.to_string()),
            &request.id,
            &now,
            &ids,
            &devices,
        ],
    )
    .await
    .map(drop)
}
