//! TLS for outgoing connections: rustls on ring, with the roots of the Mozilla programme compiled in, so that a cold
//! start parses no certificate file.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// A client configuration for TLS 1.2 and 1.3.
pub fn client_config() -> ClientConfig {
    trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

/// The same, trusting `roots` and no others.
pub(crate) fn trusting(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    match ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions() {
        Ok(builder) => builder.with_root_certificates(roots).with_no_client_auth(),
        Err(_) => unreachable!("ring's provider supports the default protocol versions"),
    }
}
