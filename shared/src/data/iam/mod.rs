//! Signing in by IAM: a signed URL stands in place of a password, and holds for 15 minutes.
//!
//! Only the signing in has to fall into that time: a connection outlives its token. So one is made for each connection,
//! when it is opened; it costs some ten microseconds.

#[cfg(not(feature = "aws"))]
mod absent;
#[cfg(feature = "aws")]
mod signed;

#[cfg(not(feature = "aws"))]
pub use absent::IamTokens;
#[cfg(feature = "aws")]
pub use signed::IamTokens;

/// There is no token to sign in with.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoToken(pub(super) &'static str);
