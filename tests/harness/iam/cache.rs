//! A cache as `ElastiCache` has it: TLS only, and a user whom tokens of IAM's sign in. Behind it is the tests' Redis.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::super::Services;
use super::{Authority, Wanted, admits};

/// The cache; it lives as long as the test's runtime.
pub struct IamCache {
    port: u16,
}

impl IamCache {
    /// The replication group, as `REDIS_CLUSTER_NAME` says it.
    pub const CLUSTER: &str = "Ward-Test";
    /// The user of the functions.
    pub const USER: &str = "ward-test-functions";

    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(accept(listener, acceptor(), Services::get().redis_socket().to_owned()));
        Self { port }
    }

    /// `REDIS_URL`, to be used with `REDIS_AUTH=iam`.
    pub fn url(&self) -> String {
        Self::url_by("localhost", self.port)
    }

    /// The same by way of another name or port.
    pub fn url_by(host: &str, port: u16) -> String {
        format!("rediss://{}@{host}:{port}", Self::USER)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn acceptor() -> TlsAcceptor {
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = Authority::get().certificate(&["localhost"], folder.path());
    let certificate = CertificateDer::from_pem_file(certificate).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(key).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate and its key");
    Arc::new(config).into()
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, redis: PathBuf) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (acceptor, redis) = (acceptor.clone(), redis.clone());
        connections.spawn(async move {
            if let Ok(client) = acceptor.accept(client).await {
                // What ends a conversation, the client notices itself.
                serve(client, redis).await.ok();
            }
        });
    }
}

/// Answers until somebody signed in, and hands over to Redis then.
async fn serve(mut client: TlsStream<TcpStream>, redis: PathBuf) -> std::io::Result<()> {
    let mut read = Vec::new();
    loop {
        while let Some((words, length)) = command(&read) {
            read.drain(..length);
            let signed_in = signs_in(&words);
            let answer: &[u8] = match signed_in {
                Some(true) => b"+OK\r\n",
                Some(false) => b"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
                None => b"-NOAUTH Authentication required.\r\n",
            };
            client.write_all(answer).await?;
            if signed_in == Some(true) {
                let mut redis = UnixStream::connect(redis).await?;
                redis.write_all(&read).await?;
                copy_bidirectional(&mut client, &mut redis).await?;
                return Ok(());
            }
        }
        if client.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
    }
}

/// What a command says of who sends it, if it is one that does.
fn signs_in(words: &[String]) -> Option<bool> {
    match words {
        [auth, user, token] if auth.eq_ignore_ascii_case("AUTH") => {
            // ElastiCache keeps the names of its groups in lower case.
            let places = [IamCache::CLUSTER.to_lowercase()];
            let wanted = Wanted { service: "elasticache", places: &places, user: ("User", user) };
            Some(user == IamCache::USER && admits(token, &wanted))
        }
        _ => None,
    }
}

/// The first command in what was read, and its length, once it is there whole.
fn command(read: &[u8]) -> Option<(Vec<String>, usize)> {
    let (count, mut at) = number(read, 0, b'*')?;
    let mut words = Vec::new();
    for _ in 0..count {
        let (length, start) = number(read, at, b'$')?;
        words.push(String::from_utf8_lossy(read.get(start..start + length)?).into_owned());
        at = start + length + 2;
    }
    (at <= read.len()).then_some((words, at))
}

/// The number in the line that begins at `at` with this sign, and where the next line begins.
fn number(read: &[u8], at: usize, sign: u8) -> Option<(usize, usize)> {
    let line = read.get(at..)?;
    let end = line.windows(2).position(|window| window == b"\r\n")?;
    let text = std::str::from_utf8(line[..end].strip_prefix(&[sign])?).ok()?;
    Some((text.parse().ok()?, at + end + 2))
}
