//! What a killed owner leaves behind: a server that still runs, or files that name one.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::ClusterError;
use super::layout::Layout;

/// How long a leftover server may take for a fast shutdown, and then for an immediate one.
const PATIENCE: [(Signal, Duration); 2] =
    [(Signal::SIGINT, Duration::from_secs(20)), (Signal::SIGQUIT, Duration::from_secs(5))];

/// Stops the processes that use the data, and removes the files that would keep a new server from starting.
///
/// The caller holds the cluster's lock, so whoever started those processes is gone. The pid in
/// `postmaster.pid` alone proves nothing: by now it may be some other program's.
pub(super) fn clear(layout: &Layout) -> Result<(), ClusterError> {
    let pid_file = layout.data.join("postmaster.pid");
    if !pid_file.exists() {
        return Ok(());
    }
    for (signal, patience) in PATIENCE {
        if users_of(&layout.data).is_empty() {
            break;
        }
        stop(&layout.data, signal, patience);
    }
    if let Some(&pid) = users_of(&layout.data).first() {
        return Err(ClusterError::Leftover { pid, folder: layout.data.clone() });
    }
    for file in [pid_file, layout.socket.join(".s.PGSQL.5432.lock"), layout.socket.join(".s.PGSQL.5432")] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ClusterError::file("remove", file, error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn stop(data: &Path, signal: Signal, patience: Duration) {
    let postmaster = postmaster(data);
    let deadline = Instant::now() + patience;
    // Its processes end by themselves once the postmaster is gone; a signal to one of them would mean less.
    for pid in users_of(data).into_iter().filter(|&pid| postmaster.is_none_or(|it| it == pid)) {
        // One that has just ended needs no signal.
        kill(Pid::from_raw(pid), signal).ok();
    }
    while !users_of(data).is_empty() && Instant::now() < deadline {
        sleep(Duration::from_millis(5));
    }
}

/// The pid in `postmaster.pid`, if that process does use the data.
fn postmaster(data: &Path) -> Option<i32> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid = text.lines().next()?.trim().parse().ok()?;
    users_of(data).contains(&pid).then_some(pid)
}

/// The processes whose working directory is the data folder: the server's, and nobody else's.
#[cfg(target_os = "linux")]
fn users_of(data: &Path) -> Vec<i32> {
    let Ok(data) = data.canonicalize() else { return Vec::new() };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let works_there = |pid: &i32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == data);
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(works_there).collect()
}

/// The postmaster, as `ps` shows it: its command line names the data folder.
#[cfg(not(target_os = "linux"))]
fn users_of(data: &Path) -> Vec<i32> {
    let Ok(answer) = std::process::Command::new("ps").args(["-axo", "pid=,command="]).output() else {
        return Vec::new();
    };
    let sought = format!("-D {}", data.display());
    let text = String::from_utf8_lossy(&answer.stdout);
    let servers = text.lines().filter(|line| line.contains(&sought));
    servers.filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect()
}
