//! The caller, as an extractor: a handler that takes one can't be reached without a session.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use uuid::Uuid;

use super::{Permission, Session, SignedIn};
use crate::http::Problem;

/// What the guard knows of any request.
#[derive(Clone, Copy, Debug)]
pub struct RequestMeta {
    /// The request's id, in the answer's `X-Request-Id` and in the audit row.
    pub id: Uuid,
    /// The client's address, from the gateway's request context or the connection; never from a header.
    pub address: Option<IpAddr>,
}

impl<S: Send + Sync> FromRequestParts<S> for RequestMeta {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| Problem::internal("the guard is not in place"))
    }
}

/// A signed-in caller.
#[derive(Clone)]
pub struct Caller {
    /// The session and its token.
    pub signed_in: SignedIn,
    /// The request.
    pub request: RequestMeta,
}

impl Caller {
    /// The caller's user id.
    pub fn user_id(&self) -> Uuid {
        self.signed_in.session.user_id
    }

    /// Refuses a caller whose role has not the permission.
    ///
    /// # Errors
    /// 403 `not_permitted`.
    pub fn require(&self, permission: Permission) -> Result<(), Problem> {
        if self.session().role.may(permission) {
            return Ok(());
        }
        Err(Problem::forbidden("not_permitted", "Your role does not allow that")
            .detail(format!("It needs the permission {}. Ask an administrator.", permission.name())))
    }

    /// The caller's session.
    pub fn session(&self) -> &Session {
        &self.signed_in.session
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let request = RequestMeta::from_request_parts(parts, state).await?;
        let signed_in = parts.extensions.get::<SignedIn>().cloned().ok_or_else(Problem::unauthenticated)?;
        Ok(Self { signed_in, request })
    }
}
