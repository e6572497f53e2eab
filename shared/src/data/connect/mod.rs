//! Where the database is and how it is reached: a socket or loopback as it is, anything else by verified TLS only.

mod sslmode;

use std::net::IpAddr;
use std::path::Path;

use deadpool_postgres::Connect;
use futures_util::future::BoxFuture;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::DbError;
use super::iam::{IamTokens, NoToken};
use crate::config::{DatabaseAuth, DatabaseSettings};
use crate::tls;

/// The roots of Amazon RDS, which the Mozilla programme does not hold.
const RDS_ROOTS: &[u8] = include_bytes!("../rds-roots.pem");
/// Amazon's own roots, which AWS Certificate Manager's certificates chain to.
const AMAZON_ROOTS: &[u8] = include_bytes!("../../amazon-roots.pem");

/// Reads a libpq URL or its key=value form.
///
/// # Errors
/// [`DbError::Unavailable`] where it is neither, or would send rows in clear over a network.
pub fn config(url: &str) -> Result<Config, DbError> {
    let config: Config = sslmode::understood(url)
        .parse()
        .map_err(|_| DbError::Unavailable("reading DATABASE_URL, which is no libpq URL"))?;
    let encrypted = config.get_ssl_mode() == SslMode::Require;
    if encrypted || is_near(&config) {
        Ok(config)
    } else {
        Err(DbError::Unavailable("reading DATABASE_URL: over a network it needs sslmode=verify-full"))
    }
}

/// What a connection with this TLS reads and writes.
type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// The database: where it is, what it has to prove, and how it is told who we are.
pub struct Server {
    config: Config,
    tls: MakeRustlsConnect,
    iam: Option<SignIn>,
}

/// What a token is made of.
struct SignIn {
    tokens: IamTokens,
    host: String,
    port: u16,
    user: String,
}

impl Server {
    /// Opens nothing yet.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] where the settings can't be understood.
    pub fn new(settings: &DatabaseSettings, tokens: &IamTokens) -> Result<Self, DbError> {
        let config = config(settings.url.expose_secret())?;
        let roots = roots(&config, settings.ca_file.as_deref())?;
        let iam = match settings.auth {
            DatabaseAuth::Password => None,
            DatabaseAuth::Iam => Some(SignIn::new(&config, tokens.clone())?),
        };
        Ok(Self { config, tls: MakeRustlsConnect::new(tls::trusting(roots)), iam })
    }

    /// What `DATABASE_URL` says.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether RDS Proxy stands before the database. It refuses the startup parameter `options`: its connections are
    /// shared, and only what the login itself brings (`ALTER ROLE … SET`) holds for all of them.
    pub fn is_proxy(&self) -> bool {
        self.config.get_hosts().iter().any(is_proxy)
    }

    /// One connection, for what needs no pool.
    ///
    /// # Errors
    /// [`DbError`] where it can't be made.
    pub async fn connect(&self) -> Result<(Client, Connection<Socket, Stream>), DbError> {
        let mut config = self.config.clone();
        self.sign_in(&mut config).await.map_err(|NoToken(why)| DbError::Unavailable(why))?;
        Ok(config.connect(self.tls.clone()).await?)
    }

    async fn sign_in(&self, config: &mut Config) -> Result<(), NoToken> {
        if let Some(SignIn { tokens, host, port, user }) = &self.iam {
            config.password(tokens.database(host, *port, user).await?.expose_secret());
        }
        Ok(())
    }
}

impl Connect for Server {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), tokio_postgres::Error>> {
        let mut config = config.clone();
        Box::pin(async move {
            if let Err(NoToken(why)) = self.sign_in(&mut config).await {
                tracing::warn!(why, "no token to sign in to the database with");
                // Nobody else can make an error of tokio-postgres's; this is the one for a server without an address.
                config = Config::new();
            }
            let (client, connection) = config.connect(self.tls.clone()).await?;
            // What ends a connection, its next statement says.
            let task = tokio::spawn(async move { drop(connection.await) });
            Ok((client, task))
        })
    }
}

impl SignIn {
    fn new(config: &Config, tokens: IamTokens) -> Result<Self, DbError> {
        let port = match config.get_ports() {
            [] => Some(5432),
            [port] => Some(*port),
            _ => None,
        };
        let ([Host::Tcp(host)], Some(port), Some(user)) = (config.get_hosts(), port, config.get_user()) else {
            return Err(DbError::Unavailable(
                "reading DATABASE_URL: DATABASE_AUTH=iam needs one host and a user in it",
            ));
        };
        Ok(Self { tokens, host: host.clone(), port, user: user.to_owned() })
    }
}

/// Whom the server's certificate has to come from.
fn roots(config: &Config, own: Option<&Path>) -> Result<RootCertStore, DbError> {
    let hosts = config.get_hosts();
    let mut roots = if hosts.iter().any(is_rds) { RootCertStore::empty() } else { tls::public_roots() };
    if hosts.iter().any(is_rds) {
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(RDS_ROOTS).flatten());
    }
    if hosts.iter().any(is_proxy) {
        // The proxy's certificate is one of AWS Certificate Manager's.
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(AMAZON_ROOTS).flatten());
    }
    if let Some(file) = own {
        tls::add_file(&mut roots, file).map_err(DbError::Unavailable)?;
    }
    Ok(roots)
}

/// Whether what is dialled is this machine. `hostaddr` is dialled in place of `host`, which then only names the server.
fn is_near(config: &Config) -> bool {
    match config.get_hostaddrs() {
        [] => config.get_hosts().iter().all(is_local),
        addresses => addresses.iter().all(IpAddr::is_loopback),
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        Host::Unix(_) => true,
    }
}

fn is_rds(host: &Host) -> bool {
    matches!(host, Host::Tcp(name) if name.ends_with(".rds.amazonaws.com") || name.ends_with(".rds.amazonaws.com.cn"))
}

/// `name.proxy-id.region.rds.amazonaws.com`, and for further endpoints `name.endpoint.proxy-id.…`.
fn is_proxy(host: &Host) -> bool {
    let labels = |name: &str| name.split('.').skip(1).any(|label| label.starts_with("proxy-"));
    is_rds(host) && matches!(host, Host::Tcp(name) if labels(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn server(url: &str, auth: DatabaseAuth) -> Result<Server, DbError> {
        let settings = DatabaseSettings { auth, ..DatabaseSettings::from(url.to_owned()) };
        Server::new(&settings, &IamTokens::new(Clock::system()))
    }

    #[test]
    fn rows_never_cross_a_network_in_clear() {
        for right in [
            "postgres://u@localhost/d",
            "postgres://u@127.0.0.1:1/d?sslmode=disable",
            "host=/run/postgresql user=u",
            "host=db.example hostaddr=127.0.0.1 user=u",
            "postgres://u@db.example/d?sslmode=require",
            "postgres://u@db.example/d?sslmode=verify-full",
            "host=db.example user=u sslmode=verify-full",
        ] {
            assert!(config(right).is_ok(), "{right}");
        }
        for wrong in [
            "postgres://u@db.example/d",
            "postgres://u@10.0.0.1/d?sslmode=prefer",
            "db.example",
            "hostaddr=10.0.0.1 user=u",
            "host=localhost hostaddr=10.0.0.1 user=u",
            "postgres://u@localhost,db.example/d",
            "postgres://u@db.example/d?sslmode=verify-ca",
        ] {
            assert!(config(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_for_one_host_and_user_and_never_sent_in_clear() {
        for right in
            ["postgres://u@db.example/d?sslmode=verify-full", "postgres://u@127.0.0.1:1/d", "host=localhost user=u"]
        {
            assert!(server(right, DatabaseAuth::Iam).is_ok(), "{right}");
        }
        for wrong in [
            "postgres://u@db.example/d",
            "postgres://db.example/d?sslmode=verify-full",
            "postgres://u@a.example,b.example/d?sslmode=verify-full",
            "host=/run/postgresql user=u",
        ] {
            assert!(server(wrong, DatabaseAuth::Iam).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_proxy_is_known_by_its_name_and_trusted_by_amazons_own_roots() {
        let roots = |host: &str| {
            let url = format!("postgres://u@{host}/d?sslmode=verify-full");
            let server = server(&url, DatabaseAuth::Password).unwrap();
            (server.is_proxy(), roots(server.config(), None).unwrap().len())
        };
        let (proxy, instance) =
            (roots("p.proxy-abc.us-east-1.rds.amazonaws.com"), roots("db.abc.us-east-1.rds.amazonaws.com"));
        assert_eq!((proxy.0, instance.0), (true, false));
        assert_eq!(proxy.1, instance.1 + 5);
        assert_eq!(roots("r.endpoint.proxy-abc.cn-north-1.rds.amazonaws.com.cn"), proxy);
        assert!(!roots("proxy-abc.us-east-1.rds.amazonaws.com").0);
        assert!(!roots("p.proxy-abc.example").0);
    }

    #[test]
    fn the_roots_of_rds_are_read_whole() {
        let mut roots = RootCertStore::empty();
        let all = CertificateDer::pem_slice_iter(RDS_ROOTS).collect::<Result<Vec<_>, _>>().unwrap();
        assert!(all.len() > 30);
        assert_eq!(roots.add_parsable_certificates(all).1, 0, "none is refused");
    }
}
