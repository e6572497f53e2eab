//! Where the database is and how it is reached: a socket or loopback as it is, anything else by verified TLS only.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::DbError;
use crate::tls;

/// The roots of Amazon RDS, which the Mozilla programme does not hold.
const RDS_ROOTS: &[u8] = include_bytes!("rds-roots.pem");

/// Reads a libpq URL or its key=value form.
///
/// # Errors
/// [`DbError::Unavailable`] where it is neither, or would send rows in clear over a network.
pub fn config(url: &str) -> Result<Config, DbError> {
    let config: Config =
        url.parse().map_err(|_| DbError::Unavailable("reading DATABASE_URL, which is no libpq URL"))?;
    let encrypted = config.get_ssl_mode() == SslMode::Require;
    if encrypted || config.get_hosts().iter().all(is_local) {
        Ok(config)
    } else {
        Err(DbError::Unavailable("reading DATABASE_URL: over a network it needs sslmode=require"))
    }
}

/// A connector whose TLS, where it is used, checks the server's certificate and name.
pub fn connector(config: &Config) -> MakeRustlsConnect {
    if !config.get_hosts().iter().any(is_rds) {
        return MakeRustlsConnect::new(tls::client_config());
    }
    let mut roots = RootCertStore::empty();
    let (_added, _refused) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(RDS_ROOTS).flatten());
    MakeRustlsConnect::new(tls::trusting(roots))
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

fn is_rds(host: &Host) -> bool {
    matches!(host, Host::Tcp(name) if name.ends_with(".rds.amazonaws.com") || name.ends_with(".rds.amazonaws.com.cn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_never_cross_a_network_in_clear() {
        for right in [
            "postgres://u@localhost/d",
            "postgres://u@127.0.0.1:1/d?sslmode=disable",
            "host=/run/postgresql user=u",
            "postgres://u@db.example/d?sslmode=require",
        ] {
            assert!(config(right).is_ok(), "{right}");
        }
        for wrong in ["postgres://u@db.example/d", "postgres://u@10.0.0.1/d?sslmode=prefer", "db.example"] {
            assert!(config(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_roots_of_rds_are_read_whole() {
        let mut roots = RootCertStore::empty();
        let all = CertificateDer::pem_slice_iter(RDS_ROOTS).collect::<Result<Vec<_>, _>>().unwrap();
        assert!(all.len() > 30);
        assert_eq!(roots.add_parsable_certificates(all).1, 0, "none is refused");
    }
}
