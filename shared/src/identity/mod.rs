//! Who calls: sessions, their tokens, and the caller a handler is given.

mod caller;
mod role;
mod session;
mod token;

pub use caller::{Caller, RequestMeta};
pub use role::{Assurance, Role};
pub(crate) use session::SESSION_COOKIE;
pub use session::{Session, SessionStore, SignedIn, host_cookie};
pub use token::{SessionToken, TokenHash};
