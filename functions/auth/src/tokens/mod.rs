//! The tokens of front ends that keep no cookie: access tokens are signed here, refresh tokens made and read.

mod key_set;
mod refresh;
mod signer;

pub use key_set::{KeySet, KeySetError};
pub use refresh::{Decision, RefreshToken, decide};
pub use signer::{KeySource, TokenSigner};
