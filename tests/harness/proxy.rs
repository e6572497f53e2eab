use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinSet;

/// Stands between the application and a server, counts round trips, and can cut the line.
///
/// A round trip is a turn of the conversation: the client speaks after the server has.
pub struct Proxy {
    /// The port it listens on, on 127.0.0.1.
    pub port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    round_trips: AtomicUsize,
    cut: AtomicBool,
}

/// Where the server is.
#[derive(Clone)]
pub enum Target {
    /// A unix socket.
    Unix(PathBuf),
    /// A port on 127.0.0.1.
    Port(u16),
}

impl Proxy {
    /// Starts one before `target`; it runs as long as the test's runtime.
    pub async fn before(target: Target) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State::default());
        tokio::spawn(accept(listener, target, Arc::clone(&state)));
        Self { port, state }
    }

    /// Round trips so far.
    pub fn round_trips(&self) -> usize {
        self.state.round_trips.load(Ordering::SeqCst)
    }

    /// Cuts every connection, and each that comes, until it is mended.
    pub fn cut(&self) {
        self.state.cut.store(true, Ordering::SeqCst);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.state.cut.store(false, Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, target: Target, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        client.set_nodelay(true).expect("a socket option");
        let (target, state) = (target.clone(), Arc::clone(&state));
        connections.spawn(async move {
            match target {
                Target::Unix(path) => {
                    if let Ok(server) = UnixStream::connect(path).await {
                        relay(client, server, &state).await;
                    }
                }
                Target::Port(port) => {
                    if let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await {
                        relay(client, server, &state).await;
                    }
                }
            }
        });
    }
}

async fn relay(client: TcpStream, server: impl AsyncRead + AsyncWrite, state: &State) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut servers_turn = false;
    let mut watch = tokio::time::interval(std::time::Duration::from_millis(2));
    loop {
        tokio::select! {
            read = from_client.read(&mut asked) => match read {
                Ok(length @ 1..) if !state.cut.load(Ordering::SeqCst) => {
                    if !servers_turn {
                        state.round_trips.fetch_add(1, Ordering::SeqCst);
                        servers_turn = true;
                    }
                    if to_server.write_all(&asked[..length]).await.is_err() { return }
                }
                _ => return,
            },
            read = from_server.read(&mut answered) => match read {
                Ok(length @ 1..) if !state.cut.load(Ordering::SeqCst) => {
                    servers_turn = false;
                    if to_client.write_all(&answered[..length]).await.is_err() { return }
                }
                _ => return,
            },
            _ = watch.tick() => if state.cut.load(Ordering::SeqCst) { return },
        }
    }
}
