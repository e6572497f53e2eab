//! Asking at the terminal, in the open or hidden.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::error::SecretsError;
use super::names::Secret;

/// A terminal hands over no longer line, and cuts what is longer without a word.
const LINE_BYTES: usize = 4095;

/// The terminal this process belongs to, whatever its standard streams are.
pub struct Terminal {
    file: File,
    /// Taken over, for a process that ended at Ctrl-C would leave a terminal behind that shows nothing.
    interrupt: Signal,
}

impl Terminal {
    /// Opens it.
    pub fn open() -> Result<Self, SecretsError> {
        let failed = |error| SecretsError::Input("open the terminal", error);
        let file = File::options().read(true).write(true).open("/dev/tty").map_err(failed)?;
        Ok(Self { file, interrupt: signal(SignalKind::interrupt()).map_err(failed)? })
    }

    /// Asks something that is done on `y` alone.
    pub async fn confirm(&mut self, question: &str) -> Result<bool, SecretsError> {
        let answer = self.line(&format!("{question} [y/N] ")).await?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Asks for a value until it is one the secret can have; `None` where nothing is typed.
    pub async fn value(&mut self, secret: &Secret, name: &str) -> Result<Option<Zeroizing<String>>, SecretsError> {
        let prompt = format!("{name}: {} (hidden; Enter skips it): ", secret.what);
        loop {
            let typed = self.hidden_line(&prompt).await?;
            if typed.is_empty() {
                return Ok(None);
            }
            let checked = match typed.len() {
                LINE_BYTES.. => Err("a terminal takes no longer line: use --from-stdin".to_owned()),
                _ => secret.check(&typed),
            };
            match checked {
                Ok(()) => return Ok(Some(typed)),
                Err(why) => eprintln!("  {why}; once more:"),
            }
        }
    }

    /// What is typed is hidden before the question is asked, so that no fast answer is seen; what was typed before it is
    /// thrown away.
    async fn hidden_line(&mut self, prompt: &str) -> Result<Zeroizing<String>, SecretsError> {
        let failed = |error| SecretsError::Input("hide what is typed at the terminal", error);
        let terminal = self.file.try_clone().map_err(failed)?;
        let _hidden = Hidden::new(&terminal).map_err(|error| failed(error.into()))?;
        self.line(prompt).await
    }

    async fn line(&mut self, prompt: &str) -> Result<Zeroizing<String>, SecretsError> {
        let failed = |error| SecretsError::Input("read from the terminal", error);
        self.file.write_all(prompt.as_bytes()).map_err(failed)?;
        let terminal = self.file.try_clone().map_err(failed)?;
        let (sender, typed) = oneshot::channel();
        // A thread of its own: nothing waits for it when the question is broken off.
        std::thread::spawn(move || sender.send(read_line(terminal)));
        tokio::select! {
            line = typed => line.map_err(io::Error::other).flatten().map_err(failed),
            _ = self.interrupt.recv() => Err(SecretsError::BrokenOff),
        }
    }
}

fn read_line(mut terminal: impl Read) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new([0; LINE_BYTES + 1]);
    let count = terminal.read(&mut line[..])?;
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let text = std::str::from_utf8(&line[..count]).map_err(io::Error::other)?;
    Ok(Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_owned()))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden<T: AsFd> {
    terminal: T,
    before: Termios,
}

impl<T: AsFd> Hidden<T> {
    fn new(terminal: T) -> nix::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        // The line's end is shown, or the next question would stand in the same line.
        hidden.local_flags.insert(LocalFlags::ECHONL);
        tcsetattr(&terminal, SetArg::TCSAFLUSH, &hidden)?;
        Ok(Self { terminal, before })
    }
}

impl<T: AsFd> Drop for Hidden<T> {
    fn drop(&mut self) {
        // A terminal that went away meanwhile has nothing to be put back.
        tcsetattr(&self.terminal, SetArg::TCSAFLUSH, &self.before).ok();
    }
}
