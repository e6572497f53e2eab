//! Where Redis is, whom it has to prove to be, and who we are there.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisResult};
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::{CacheError, IamTokens};
use crate::config::CacheSettings;
use crate::tls;

/// Longest wait for a connection, and for an answer.
const LIMIT: Duration = Duration::from_millis(500);

pub(super) struct Server {
    place: Place,
    info: RedisConnectionInfo,
    iam: Option<SignIn>,
}

enum Place {
    Unix(PathBuf),
    Tcp { host: String, port: u16, tls: Option<(TlsConnector, ServerName<'static>)> },
}

/// What a token is made of.
struct SignIn {
    tokens: IamTokens,
    cluster: String,
    user: String,
}

impl Server {
    pub(super) fn new(settings: &CacheSettings, tokens: &IamTokens) -> Result<Self, CacheError> {
        const NO_URL: CacheError = CacheError("reading REDIS_URL, which is no redis:// or rediss:// URL");
        let url = settings.url.expose_secret();
        // The TLS is ours, so that there is one list of roots and one way to add to it.
        let plain = ["redis", "valkey"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme)?.strip_prefix("s://").map(|rest| format!("{scheme}://{rest}")));
        let info = plain.as_deref().unwrap_or(url).into_connection_info().map_err(|_| NO_URL)?;
        let place = match (info.addr().clone(), plain) {
            (ConnectionAddr::Tcp(host, port), None) => Place::Tcp { host, port, tls: None },
            (ConnectionAddr::Tcp(host, port), Some(_)) => {
                let name = ServerName::try_from(host.clone()).map_err(|_| NO_URL)?;
                Place::Tcp { host, port, tls: Some((connector(settings)?, name)) }
            }
            (ConnectionAddr::Unix(path), None) => Place::Unix(path),
            _ => return Err(NO_URL),
        };
        let info = info.redis_settings().clone();
        let iam = match (&settings.iam_cluster, info.username()) {
            (None, _) => None,
            (Some(cluster), Some(user)) => {
                Some(SignIn { tokens: tokens.clone(), cluster: cluster.clone(), user: user.to_owned() })
            }
            (Some(_), None) => return Err(CacheError("reading REDIS_URL: REDIS_AUTH=iam needs a user in it")),
        };
        Ok(Self { place, info, iam })
    }

    /// The number of the database in Redis.
    pub(super) fn database(&self) -> i64 {
        self.info.db()
    }

    /// A new connection, signed in to.
    pub(super) async fn open(&self) -> RedisResult<MultiplexedConnection> {
        tokio::time::timeout(LIMIT, self.dial())
            .await
            .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
    }

    async fn dial(&self) -> RedisResult<MultiplexedConnection> {
        let mut info = self.info.clone();
        if let Some(SignIn { tokens, cluster, user }) = &self.iam {
            let token = tokens.cache(cluster, user).await.map_err(io::Error::other)?;
            info = info.set_password(token.expose_secret());
        }
        match &self.place {
            Place::Unix(path) => greet(UnixStream::connect(path).await?, &info).await,
            Place::Tcp { host, port, tls } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                match tls {
                    Some((connector, name)) => greet(connector.connect(name.clone(), stream).await?, &info).await,
                    None => greet(stream, &info).await,
                }
            }
        }
    }
}

fn connector(settings: &CacheSettings) -> Result<TlsConnector, CacheError> {
    let mut roots = tls::public_roots();
    if let Some(file) = &settings.ca_file {
        tls::add_file(&mut roots, file).map_err(CacheError)?;
    }
    Ok(Arc::new(tls::trusting(roots)).into())
}

/// Signs in, and drives the connection from then on.
async fn greet(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    info: &RedisConnectionInfo,
) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(LIMIT));
    let (connection, driver) = MultiplexedConnection::new_with_config(info, stream, config).await?;
    tokio::spawn(driver);
    Ok(connection)
}
