//! The signals that end `ward dev`.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C, a request to terminate, and the end of the terminal.
#[derive(Debug)]
pub(super) struct Stop([Signal; 3]);

impl Stop {
    /// Takes the signals over; from here on they no longer end the process by themselves.
    pub fn listen() -> io::Result<Self> {
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?]))
    }

    /// Waits for one of them.
    pub async fn asked(&mut self) {
        let Self([interrupt, terminate, hangup]) = self;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
