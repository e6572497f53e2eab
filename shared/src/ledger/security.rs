//! Security events: what somebody who watches should see.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::Clock;
use crate::data::{DbError, Statements};
use crate::identity::RequestMeta;

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Happens every day.
    Low,
    /// Worth a look in numbers.
    Medium,
    /// Worth a look by itself.
    High,
    /// Somebody should be woken.
    Critical,
}

impl Severity {
    /// Its name as the database holds it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One event. `details` holds ids and counts, never a name, an address of a person or a secret.
#[derive(Clone, Debug)]
pub struct SecurityEvent {
    user_id: Uuid,
    kind: &'static str,
    severity: Severity,
    request: RequestMeta,
    details: Value,
}

impl SecurityEvent {
    /// An event about a user; the nil user where nobody is known.
    pub fn new(user_id: Uuid, kind: &'static str, severity: Severity, request: RequestMeta) -> Self {
        Self { user_id, kind, severity, request, details: json!({}) }
    }

    /// Adds ids and counts.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// Writes the event, in a transaction or round trip of its user's, and tells the log of a high or critical one.
    pub async fn record(&self, on: &impl Statements, clock: &Clock) -> Result<(), DbError> {
        if self.severity >= Severity::High {
            tracing::warn!(event = self.kind, severity = self.severity.name(), user_id = %self.user_id, "security event");
        }
        on.query(
            "INSERT INTO security_events (id, user_id, event_type, severity, address, request_id, details, created_at)
             VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, $7)",
            &[
                &self.user_id,
                &self.kind,
                &self.severity.name(),
                &self.request.address.map(|address| address.to_string()),
                &self.request.id,
                &self.details,
                &clock.now(),
            ],
        )
        .await
        .map(drop)
    }
}
