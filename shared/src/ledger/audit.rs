//! The audit log: one row for each access to a user's data, written in the access's own transaction.

use std::fmt::Display;

use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::identity::{Caller, RequestMeta};

pub(crate) const INSERT: &str = "INSERT INTO audit_log
    (id, user_id, actor_id, session_id, action, resource_type, resource_id, request_id, address, created_at)
    VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Who acts where nobody does: Ward itself, with no account. The nil id is the operator's.
pub const SYSTEM_ACTOR: Uuid = Uuid::from_u128(1);

/// One row of the audit log. Holds no PHI: a resource is named by an id or a blind index.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    user_id: Uuid,
    actor_id: Uuid,
    session_id: Option<Uuid>,
    action: &'static str,
    resource_type: &'static str,
    resource_id: Option<String>,
    request: RequestMeta,
    at: Timestamp,
}

impl AuditEntry {
    /// The caller accesses their own data.
    pub fn by(caller: &Caller, action: &'static str, resource_type: &'static str, at: Timestamp) -> Self {
        Self {
            session_id: Some(caller.session().id),
            ..Self::of(caller.user_id(), caller.request, action, resource_type, at)
        }
    }

    /// A user acts before they have a session: registration and sign-in.
    pub fn of(
        user_id: Uuid,
        request: RequestMeta,
        action: &'static str,
        resource_type: &'static str,
        at: Timestamp,
    ) -> Self {
        Self { user_id, actor_id: user_id, session_id: None, action, resource_type, resource_id: None, request, at }
    }

    /// The caller acts on another user's data: an administrator.
    pub fn on(
        caller: &Caller,
        user_id: Uuid,
        action: &'static str,
        resource_type: &'static str,
        at: Timestamp,
    ) -> Self {
        Self { user_id, ..Self::by(caller, action, resource_type, at) }
    }

    /// The operator acts on a user's data, at the `ward` command: nobody who has an account, so the actor is nil.
    pub fn by_operator(
        user_id: Uuid,
        request: RequestMeta,
        action: &'static str,
        resource_type: &'static str,
        at: Timestamp,
    ) -> Self {
        Self { actor_id: Uuid::nil(), ..Self::of(user_id, request, action, resource_type, at) }
    }

    /// Ward itself acts on a user's data, as it was told to: what is due, and nobody asks for at that moment.
    pub fn by_system(
        user_id: Uuid,
        request: RequestMeta,
        action: &'static str,
        resource_type: &'static str,
        at: Timestamp,
    ) -> Self {
        Self { actor_id: SYSTEM_ACTOR, ..Self::of(user_id, request, action, resource_type, at) }
    }

    /// Names the resource.
    #[must_use]
    pub fn resource(mut self, id: impl Display) -> Self {
        self.resource_id = Some(id.to_string());
        self
    }

    /// Whose data is accessed.
    pub(crate) fn user_id(&self) -> Uuid {
        self.user_id
    }

    pub(crate) fn params(&self) -> Row {
        Row { entry: self.clone(), request_id: self.request.id, address: self.request.address.map(|a| a.to_string()) }
    }
}

/// An entry in the form the database takes it.
pub(crate) struct Row {
    entry: AuditEntry,
    request_id: Uuid,
    address: Option<String>,
}

impl Row {
    pub(crate) fn as_refs(&self) -> [&(dyn ToSql + Sync); 9] {
        let entry = &self.entry;
        [
            &entry.user_id,
            &entry.actor_id,
            &entry.session_id,
            &entry.action,
            &entry.resource_type,
            &entry.resource_id,
            &self.request_id,
            &self.address,
            &entry.at,
        ]
    }
}
