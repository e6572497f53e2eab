//! Who calls: sessions, access tokens, API keys, and the caller a handler is given.

mod access_token;
mod api_key;
mod caller;
mod presence;
mod role;
mod scope;
mod session;
mod session_store;
mod token;
mod token_tag;

#[cfg(feature = "fuzzing")]
pub(crate) use access_token::verify_under;
pub use access_token::{
    AccessClaims, PublicJwk, SigningFailed, SigningKey, TOKEN_KEYS_KEPT, TokenVerifier, VerifyingKey,
    token_keys_are_fresh,
};
pub use api_key::ApiKey;
pub(crate) use api_key::PREFIX as API_KEY_PREFIX;
pub use caller::{Caller, RequestMeta};
pub use presence::Presence;
pub use role::{Assurance, Permission, Role};
pub use scope::{Area, Scope};
pub use session::{Proof, SESSION_COOKIE, Session, SessionKind, SignedIn, host_cookie};
pub use session_store::{NewSession, Presented, SessionStore};
pub use token::{CookieToken, SessionToken, TokenHash};
pub use token_tag::TokenTag;
