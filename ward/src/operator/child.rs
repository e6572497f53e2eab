//! The command, run by a process of its own: what goes wrong in one invocation is over at the next.

use std::ffi::OsStr;
use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::ON_LAMBDA;
use super::answer::{Answer, Printed};

/// The one folder of a function that can be written to.
const SCRATCH: &str = "/tmp";

/// How long the pipes of a killed command are read on: what it printed at last is in them.
const DRAIN: Duration = Duration::from_millis(500);

/// Runs this program with these arguments, for at most `limit`.
pub async fn run(arguments: &[impl AsRef<OsStr>], limit: Duration) -> io::Result<Answer> {
    let started = Instant::now();
    let mut command = Command::new(std::env::current_exe()?);
    // With the runtime's address it would take the next event itself.
    command.arg0("ward").args(arguments).env_remove(ON_LAMBDA).env("HOME", SCRATCH).current_dir(SCRATCH);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let mut group = Group(child.id());
    let (mut stdout, mut stderr) = (Printed::default(), Printed::default());
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let ended = timeout(limit, async {
        tokio::try_join!(read(out.as_mut(), &mut stdout), read(err.as_mut(), &mut stderr))?;
        child.wait().await
    });
    if let Ok(status) = ended.await {
        let status = status?;
        group.0 = None;
        return Ok(Answer::ended(status, &stdout, &stderr));
    }
    drop(group);
    child.wait().await?;
    let rest = async { tokio::try_join!(read(out.as_mut(), &mut stdout), read(err.as_mut(), &mut stderr)) };
    // What is not there by now is held back by nothing of ours.
    timeout(DRAIN, rest).await.ok();
    Ok(Answer::out_of_time(started.elapsed().as_secs(), &stdout, &stderr))
}

/// Reads until the end, or until this future is dropped: what was read by then is kept.
async fn read(pipe: Option<&mut (impl AsyncRead + Unpin)>, printed: &mut Printed) -> io::Result<()> {
    let Some(pipe) = pipe else { return Ok(()) };
    let mut buffer = vec![0; 8 * 1024];
    loop {
        match pipe.read(&mut buffer).await? {
            0 => return Ok(()),
            count => printed.push(&buffer[..count]),
        }
    }
}

/// The process group of the command, killed when it is dropped: nothing of one invocation works on in the next.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0.and_then(|pid| i32::try_from(pid).ok()) {
            // It may have ended by itself; then there is nobody to kill.
            killpg(Pid::from_raw(pid), Signal::SIGKILL).ok();
        }
    }
}
