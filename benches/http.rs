//! HTTP/1.1 on loopback, as little of it as a measurement needs.

use std::net::SocketAddr;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Outcome;

/// A router behind a port of its own.
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves until it is dropped.
    pub async fn start(router: Router) -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| {
            stream.set_nodelay(true).ok();
        });
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            axum::serve(listener, service).await.ok();
        });
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection that stays open.
    pub async fn connect(&self) -> Outcome<Connection> {
        Connection::open(self.address).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A connection to a server, for one request after the other.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::new() })
    }

    /// Asks for a path and reads the whole answer, which has a `Content-Length` and is a 200.
    pub async fn get(&mut self, path: &str, cookie: &str) -> Outcome {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n");
        self.send(&request).await?;
        let end_of_head = self.receive_until(|bytes| position(bytes, b"\r\n\r\n")).await? + 4;
        let head = String::from_utf8_lossy(&self.received[..end_of_head]).to_lowercase();
        if !head.starts_with("http/1.1 200") {
            return Err(head.into());
        }
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .ok_or("the answer has a length")?
            .parse()?;
        self.receive_until(|bytes| (bytes.len() >= end_of_head + length).then_some(0)).await?;
        Ok(())
    }

    /// Sends the bytes of a request and forgets what was received before.
    pub async fn send(&mut self, request: &str) -> Outcome {
        self.received.clear();
        Ok(self.stream.write_all(request.as_bytes()).await?)
    }

    /// What was received, from an offset.
    pub fn received_from(&self, offset: usize) -> &[u8] {
        self.received.get(offset..).unwrap_or_default()
    }

    /// Reads until `found` finds something in all that was received.
    pub async fn receive_until(&mut self, found: impl Fn(&[u8]) -> Option<usize>) -> Outcome<usize> {
        loop {
            if let Some(at) = found(&self.received) {
                return Ok(at);
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(String::from_utf8_lossy(&self.received).into_owned().into());
            }
        }
    }
}

/// Where `needle` begins.
pub fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
