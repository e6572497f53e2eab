//! Who changes an account that is not their own.

use jiff::Timestamp;
use shared::data::Transaction;
use shared::http::Problem;
use shared::identity::{Caller, RequestMeta};
use shared::ledger::AuditEntry;
use uuid::Uuid;

use crate::store::users;

/// An administrator, or whoever runs the `ward` command on the machine.
#[derive(Clone, Copy)]
pub(crate) enum Actor<'a> {
    Administrator(&'a Caller),
    Operator(RequestMeta),
}

impl Actor<'_> {
    /// The actor's user id; nil for the operator, who has no account.
    pub(crate) fn id(self) -> Uuid {
        match self {
            Self::Administrator(caller) => caller.user_id(),
            Self::Operator(_) => Uuid::nil(),
        }
    }

    /// The session that acts; none for the operator.
    pub(crate) fn session(self) -> Option<Uuid> {
        match self {
            Self::Administrator(caller) => Some(caller.session().id),
            Self::Operator(_) => None,
        }
    }

    /// Looks again, under a lock, whether the actor still is what the request was let in as: its body may have come late.
    /// Gives how many active administrators there are beside `target`.
    ///
    /// # Errors
    /// 403 `not_permitted`.
    pub(crate) async fn still_acts(self, on: &Transaction<'_>, target: Uuid) -> Result<i64, Problem> {
        let (acts, others) = users::administrators(on, self.session(), target).await?;
        if matches!(self, Self::Administrator(_)) && !acts {
            return Err(Problem::forbidden("not_permitted", "You are no administrator any more"));
        }
        Ok(others)
    }

    /// The request, or the run of the command.
    pub(crate) fn request(self) -> RequestMeta {
        match self {
            Self::Administrator(caller) => caller.request,
            Self::Operator(request) => request,
        }
    }

    /// Whether links go out by email: the operator's are for the terminal.
    pub(crate) fn mails(self) -> bool {
        matches!(self, Self::Administrator(_))
    }

    /// The audit row of what is done to a user.
    pub(crate) fn entry(self, user_id: Uuid, action: &'static str, at: Timestamp) -> AuditEntry {
        let entry = match self {
            Self::Administrator(caller) => AuditEntry::on(caller, user_id, action, "user", at),
            Self::Operator(request) => AuditEntry::by_operator(user_id, request, action, "user", at),
        };
        entry.resource(user_id)
    }
}
