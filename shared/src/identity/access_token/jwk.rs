//! Public keys of access tokens as JSON Web Keys (RFC 7517): elliptic curve, P-256.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

const COORDINATE_LENGTH: usize = 32;
const LONGEST_KID: usize = 64;

/// A public key as the JWK Set shows it. It has no field for a private member, so it can't show one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicJwk {
    /// The key type, always `EC`.
    kty: String,
    /// The curve, always `P-256`.
    crv: String,
    /// The point's x coordinate, base64url.
    x: String,
    /// The point's y coordinate, base64url.
    y: String,
    /// The key's id, which tokens name in their header.
    kid: String,
    /// The algorithm, always `ES256`.
    alg: String,
    /// What the key is for, always `sig`.
    #[serde(rename = "use")]
    usage: String,
}

/// A key that access tokens are checked by.
#[derive(Clone)]
pub struct VerifyingKey {
    jwk: PublicJwk,
    key: DecodingKey,
}

impl VerifyingKey {
    /// The key with this id and this point, its coordinates in base64url; `None` where one is not of its form. An id is
    /// 1 to 64 letters, digits and `.`, `_`, `~`, `-`.
    pub fn new(kid: &str, x: &str, y: &str) -> Option<Self> {
        let fits = |text: &str| URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == COORDINATE_LENGTH);
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        let kid_fits = (1..=LONGEST_KID).contains(&kid.len()) && kid.bytes().all(unreserved);
        if !kid_fits || !fits(x) || !fits(y) {
            return None;
        }
        let jwk = PublicJwk {
            kty: "EC".into(),
            crv: "P-256".into(),
            x: x.into(),
            y: y.into(),
            kid: kid.into(),
            alg: "ES256".into(),
            usage: "sig".into(),
        };
        Some(Self { key: DecodingKey::from_ec_components(x, y).ok()?, jwk })
    }

    /// The key of a JWK; `None` for one of another type, curve or use.
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        let jwk = PublicJwk::deserialize(jwk).ok()?;
        Self::new(&jwk.kid, &jwk.x, &jwk.y).filter(|key| key.jwk == jwk)
    }

    /// The key's id.
    pub fn kid(&self) -> &str {
        &self.jwk.kid
    }

    /// The key as a JWK.
    pub fn jwk(&self) -> &PublicJwk {
        &self.jwk
    }

    /// The key as `jsonwebtoken` takes it.
    pub(super) fn key(&self) -> &DecodingKey {
        &self.key
    }

    /// The same key under its thumbprint (RFC 7638) as its id: then two keys never have one id.
    #[must_use]
    pub fn under_its_thumbprint(mut self) -> Self {
        let PublicJwk { x, y, .. } = &self.jwk;
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        self.jwk.kid = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, members.as_bytes()));
        self
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("kid", &self.jwk.kid).finish_non_exhaustive()
    }
}
