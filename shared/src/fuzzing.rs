//! Parsers of untrusted bytes that nothing outside this crate calls but the targets of `fuzz/`.

use jiff::Timestamp;

use crate::config::TokenSettings;
use crate::http;
use crate::identity::{self, AccessClaims, VerifyingKey};

/// What an access token says, where it is taken under this key, which is the only one.
pub fn access_token(key: &VerifyingKey, settings: &TokenSettings, now: Timestamp, token: &str) -> Option<AccessClaims> {
    identity::verify_under(key, settings, now, token)
}

/// The token of an `Authorization` header.
pub fn bearer(value: &str) -> Option<&str> {
    http::bearer(value)
}
