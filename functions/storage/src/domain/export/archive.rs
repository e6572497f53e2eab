//! A zip that is written from front to back: sizes and checksums follow each file's bytes, in the ZIP64 form, since nobody
//! knows before how long a file becomes.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::digest;
use shared::http::Problem;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Bytes that go in at once, and about as many as go out.
pub(super) const PIECE: usize = 64 * 1024;

/// Compresses quickly: who waits for an export waits for the network. The levels below spare themselves Huffman's codes.
const LEVEL: i64 = 3;

/// A zip on its way.
pub(super) struct Archive {
    /// Boxed: it is large, and a part of every future that holds it.
    zip: Box<ZipWriter<StreamWriter<Pipe>>>,
    pipe: Pipe,
    options: SimpleFileOptions,
    file: Option<OpenFile>,
}

struct OpenFile {
    name: String,
    bytes: u64,
    sha256: digest::Context,
}

/// A file of the archive.
pub(super) struct Written {
    pub(super) name: String,
    /// Before compression.
    pub(super) bytes: u64,
    pub(super) sha256: digest::Digest,
}

impl Archive {
    /// An empty archive whose files are of this time.
    pub(super) fn new(at: Timestamp) -> Self {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(zip_time(at))
            .large_file(true);
        let pipe = Pipe::default();
        Self { zip: Box::new(ZipWriter::new_stream(pipe.clone())), pipe, options, file: None }
    }

    /// Begins the next file.
    pub(super) fn begin_file(&mut self, name: &str) -> Result<(), Problem> {
        self.zip.start_file(name, self.options).map_err(refused)?;
        self.file = Some(OpenFile { name: name.to_owned(), bytes: 0, sha256: digest::Context::new(&digest::SHA256) });
        Ok(())
    }

    /// Writes into the file; nothing goes out before [`Archive::take_full`].
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let file = self.file.as_mut().ok_or_else(|| Problem::internal("no file of the archive is open"))?;
        file.bytes += bytes.len() as u64;
        file.sha256.update(bytes);
        self.zip.write_all(bytes).map_err(refused)
    }

    /// Ends the file.
    pub(super) fn end_file(&mut self) -> Result<Written, Problem> {
        let file = self.file.take().ok_or_else(|| Problem::internal("no file of the archive is open"))?;
        Ok(Written { name: file.name, bytes: file.bytes, sha256: file.sha256.finish() })
    }

    /// What is ready to go out, where that is worth a piece.
    pub(super) fn take_full(&self) -> Bytes {
        let mut waiting = self.pipe.bytes();
        if waiting.len() < PIECE { Bytes::new() } else { mem::take(&mut *waiting).into() }
    }

    /// Ends the archive by its directory; gives the rest. An archive that is dropped instead has none.
    pub(super) fn finish(self) -> Result<Bytes, Problem> {
        let Self { zip, pipe, .. } = self;
        zip.finish().map_err(refused)?;
        let rest = mem::take(&mut *pipe.bytes());
        Ok(rest.into())
    }
}

/// Where the zip writes to, and the body is taken from.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Pipe {
    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The time as zip writes it: UTC, in steps of two seconds, from 1980 to 2107.
fn zip_time(at: Timestamp) -> DateTime {
    let at = at.to_zoned(TimeZone::UTC);
    let part = |part: i8| u8::try_from(part).unwrap_or_default();
    DateTime::from_date_and_time(
        u16::try_from(at.year()).unwrap_or_default(),
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
    )
    .unwrap_or_default()
}

/// Its own text could name a file; ours are fixed, but uploads' are not.
fn refused<E>(_: E) -> Problem {
    Problem::internal("the archive could not be written")
}
