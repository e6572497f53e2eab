//! TLS for outgoing connections: rustls on ring, with the roots of the Mozilla programme compiled in, so that a cold
//! start parses no certificate file.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Why the file of one's own roots is of no use.
pub(crate) const BAD_ROOTS: &str = "reading WARD_CA_FILE, which is no file of certificates in PEM";

/// A client configuration for TLS 1.2 and 1.3.
pub fn client_config() -> ClientConfig {
    trusting(public_roots())
}

/// The roots of the Mozilla programme.
pub(crate) fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// The same configuration, trusting `roots` and no others.
pub(crate) fn trusting(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    match ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions() {
        Ok(builder) => builder.with_root_certificates(roots).with_no_client_auth(),
        Err(_) => unreachable!("ring's provider supports the default protocol versions"),
    }
}

/// Adds the certificates of a PEM file, all of which have to be fit for it.
///
/// # Errors
/// [`BAD_ROOTS`].
pub(crate) fn add_file(roots: &mut RootCertStore, file: &Path) -> Result<(), &'static str> {
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|_| BAD_ROOTS)? {
        roots.add(certificate.map_err(|_| BAD_ROOTS)?).map_err(|_| BAD_ROOTS)?;
    }
    if roots.len() == before { Err(BAD_ROOTS) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_roots_is_taken_whole_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let amazon = include_str!("amazon-roots.pem");
        let mut roots = RootCertStore::empty();
        add_file(&mut roots, &file("amazon", amazon)).unwrap();
        assert_eq!(roots.len(), 5);
        let broken = format!("{amazon}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        for (name, text) in [("empty", ""), ("text", "no certificate"), ("broken", &broken)] {
            assert!(add_file(&mut RootCertStore::empty(), &file(name, text)).is_err(), "{name}");
        }
        assert!(add_file(&mut RootCertStore::empty(), &folder.path().join("missing")).is_err());
    }
}
