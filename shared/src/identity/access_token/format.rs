//! The JWT itself (RFC 7519), read strictly: whatever this crate would not have written is refused.

use std::sync::LazyLock;

use jsonwebtoken::{Algorithm, Header, Validation};

use super::{AccessClaims, VerifyingKey, provider};

/// Longest token, far over any of ours.
const LONGEST: usize = 4_096;

/// `jsonwebtoken` checks the signature alone: it would take the times from the machine's clock and an `aud` from a list.
static SIGNATURE_ONLY: LazyLock<Validation> = LazyLock::new(|| {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
});

/// The header of a token signed by this key.
pub(super) fn header(kid: &str) -> Header {
    Header { typ: Some("at+jwt".into()), kid: Some(kid.into()), ..Header::new(Algorithm::ES256) }
}

/// The id of the key a token says it is signed by, where the header is exactly one of ours. So there is no other
/// algorithm or type, no `crit`, and nothing (`jwk`, `jku`, `x5c`, `x5u`) that brings a key along.
pub(super) fn kid(token: &str) -> Option<String> {
    if token.len() > LONGEST {
        return None;
    }
    let sent = jsonwebtoken::decode_header(token).ok()?;
    let kid = sent.kid.clone()?;
    (sent == header(&kid)).then_some(kid)
}

/// The claims of a token that this key has signed.
pub(super) fn open(token: &str, key: &VerifyingKey) -> Option<AccessClaims> {
    provider::install();
    jsonwebtoken::decode::<AccessClaims>(token, key.key(), &SIGNATURE_ONLY).ok().map(|token| token.claims)
}
