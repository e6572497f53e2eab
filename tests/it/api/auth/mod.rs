//! `/api/auth`.

mod passkeys;
mod session;
