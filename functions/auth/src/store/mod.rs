//! The SQL of the tables `users`, `passkey_credentials` and `webauthn_ceremonies`.

pub(crate) mod ceremonies;
pub(crate) mod credentials;
pub(crate) mod users;
