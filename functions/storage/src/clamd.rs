//! clamd's INSTREAM: the content in chunks with their lengths before them, then a verdict.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use shared::config::Scanner;
use shared::http::Problem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const CONNECT: Duration = Duration::from_secs(2);
/// Longest that clamd may take for one chunk.
const CHUNK: Duration = Duration::from_secs(10);
/// Longest answer that is read.
const LONGEST: u64 = 1024;

/// What the scanner says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing was found.
    Clean,
    /// Something was.
    Infected,
}

/// Why there is no verdict. Holds nothing of the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanError {
    /// The scanner refused or gave no answer.
    #[error("the scanner failed to {0}")]
    Scanner(&'static str),
    /// The content could not be read.
    #[error("the content to scan could not be read")]
    Content(#[from] Problem),
}

/// Has a content scanned, within `limit`.
pub(crate) async fn scan(
    scanner: &Scanner,
    content: impl Stream<Item = Result<Bytes, Problem>> + Send,
    limit: Duration,
) -> Result<Verdict, ScanError> {
    timeout(limit, instream(scanner, content)).await.unwrap_or(Err(ScanError::Scanner("answer in time")))
}

async fn instream(
    scanner: &Scanner,
    content: impl Stream<Item = Result<Bytes, Problem>> + Send,
) -> Result<Verdict, ScanError> {
    const UNREACHABLE: ScanError = ScanError::Scanner("be reached");
    let connect = timeout(CONNECT, TcpStream::connect((scanner.host.as_str(), scanner.port))).await;
    let mut clamd = connect.map_err(|_| UNREACHABLE)?.map_err(|_| UNREACHABLE)?;
    let mut content = std::pin::pin!(content);
    send(&mut clamd, b"zINSTREAM\0").await?;
    while let Some(bytes) = content.next().await {
        let bytes = bytes?;
        // A chunk without bytes is the end.
        if !bytes.is_empty() {
            let length = u32::try_from(bytes.len()).map_err(|_| ScanError::Scanner("take a chunk"))?;
            send(&mut clamd, &length.to_be_bytes()).await?;
            send(&mut clamd, &bytes).await?;
        }
    }
    send(&mut clamd, &0_u32.to_be_bytes()).await?;
    let mut answer = Vec::new();
    let read = clamd.take(LONGEST).read_to_end(&mut answer).await;
    read.map_err(|_| ScanError::Scanner("answer"))?;
    verdict(&answer)
}

async fn send(clamd: &mut TcpStream, bytes: &[u8]) -> Result<(), ScanError> {
    let sent = timeout(CHUNK, clamd.write_all(bytes)).await;
    sent.ok().and_then(Result::ok).ok_or(ScanError::Scanner("take the content"))
}

/// `stream: OK` or `stream: <what> FOUND`; whatever else is no verdict, such as a content beyond its limit.
fn verdict(answer: &[u8]) -> Result<Verdict, ScanError> {
    let answer = answer.strip_suffix(b"\0").and_then(|answer| answer.strip_prefix(b"stream: "));
    match answer {
        Some(b"OK") => Ok(Verdict::Clean),
        Some(found) if found.ends_with(b" FOUND") => Ok(Verdict::Infected),
        _ => Err(ScanError::Scanner("judge the content")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_answer_is_a_verdict() {
        assert_eq!(verdict(b"stream: OK\0").unwrap(), Verdict::Clean);
        assert_eq!(verdict(b"stream: Eicar-Test-Signature FOUND\0").unwrap(), Verdict::Infected);
        for none in [&b""[..], b"stream: OK", b"OK\0", b"INSTREAM size limit exceeded. ERROR\0", b"stream: x ERROR\0"] {
            assert!(verdict(none).is_err());
        }
    }
}
