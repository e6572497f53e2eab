//! The server as a process: made, started, asked, stopped.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio_postgres::{Client, NoTls};

use super::binaries::Binaries;
use super::layout::Layout;
use super::owner::Owner;
use super::{ClusterError, SUPERUSER};

/// How long a start may take; only one after a crash, with much to recover, comes near it.
const START_LIMIT: Duration = Duration::from_mins(2);
/// Between two attempts to connect to a starting server.
const POLL: Duration = Duration::from_millis(3);

/// Makes the data folder. An interrupted attempt leaves nothing that a later one would take for data.
pub(super) fn make_data(layout: &Layout, binaries: &Binaries, owner: Owner) -> Result<(), ClusterError> {
    let partial = layout.private.join("data.partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(|error| ClusterError::file("remove", &partial, error))?;
    }
    let mut initdb = Command::new(binaries.initdb());
    initdb
        .arg("-D")
        .arg(&partial)
        .args(["-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"])
        .stdin(Stdio::null())
        .process_group(0);
    owner.run(&mut initdb, &layout.private);
    end_with_us(&mut initdb, Signal::SIGTERM);
    let answer = initdb.output();
    let failure = |output| ClusterError::Program { program: binaries.initdb(), output };
    match answer {
        Ok(answer) if answer.status.success() => {
            fs::rename(&partial, &layout.data).map_err(|error| ClusterError::file("name", &layout.data, error))
        }
        Ok(answer) => Err(failure(String::from_utf8_lossy(&answer.stderr).trim().to_owned())),
        Err(error) => Err(failure(error.to_string())),
    }
}

/// Starts the server. It belongs to the calling thread: see [`end_with_us`].
pub(super) fn spawn(layout: &Layout, binaries: &Binaries, owner: Owner, durable: bool) -> Result<Child, ClusterError> {
    // One log is kept besides the running one; there is none before the first start.
    fs::rename(&layout.log, layout.log.with_extension("before")).ok();
    let log = File::create(&layout.log).map_err(|error| ClusterError::file("write", &layout.log, error))?;
    let log_too = log.try_clone().map_err(|error| ClusterError::file("write", &layout.log, error))?;

    let mut socket = layout.socket.as_os_str().to_owned().into_string().unwrap_or_default();
    socket = format!("unix_socket_directories=\"{}\"", socket.replace('"', "\"\""));
    let mut server = Command::new(binaries.postgres());
    server.arg("-D").arg(&layout.data).args(["-p", "5432", "-c", &socket]);
    for setting in SETTINGS.iter().chain(if durable { &[] } else { NOT_DURABLE }) {
        server.args(["-c", setting]);
    }
    // A group of its own: Ctrl-C at the terminal is for us, who stop the server when its clients are gone.
    server.stdin(Stdio::null()).stdout(log_too).stderr(log).process_group(0);
    owner.run(&mut server, &layout.private);
    end_with_us(&mut server, Signal::SIGINT);
    server.spawn().map_err(|error| ClusterError::Program { program: binaries.postgres(), output: error.to_string() })
}

const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=200",
    "timezone=UTC",
    "log_timezone=UTC",
    // Neither statements nor the rows in an error's detail belong in a log.
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
];
const NOT_DURABLE: &[&str] = &["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// Has the kernel signal the command's process when the calling *thread* ends, whatever ends it.
///
/// The thread has to live as long as the process is to.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "a parent-death signal can only be asked for between fork and exec")]
fn end_with_us(command: &mut Command, signal: Signal) {
    use nix::errno::Errno;
    use nix::unistd::{getpid, getppid};

    let us = getpid();
    let ask = move || {
        nix::sys::prctl::set_pdeathsig(signal)?;
        // We may have ended before the request was in place.
        if getppid() == us { Ok(()) } else { Err(Errno::ESRCH.into()) }
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. `ask` makes two system calls
    // on copied integers; it neither allocates nor locks, in its error paths either.
    unsafe { command.pre_exec(ask) };
}

/// Elsewhere there is no such signal: a killed owner's server is stopped at the next start.
#[cfg(not(target_os = "linux"))]
fn end_with_us(_: &mut Command, _: Signal) {}

/// Waits until the server answers, and sees to it that it has a database named like its superuser.
pub(super) async fn ready(child: &mut Child, layout: &Layout) -> Result<(), ClusterError> {
    let deadline = Instant::now() + START_LIMIT;
    let client = loop {
        match connect(&layout.socket, "postgres").await {
            Ok(client) => break client,
            Err(_) if matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline => {
                tokio::time::sleep(POLL).await;
            }
            Err(_) => return Err(not_ready(layout)),
        }
    };
    let action = "look for the database";
    let sought = client
        .query_opt("SELECT FROM pg_database WHERE datname = $1", &[&SUPERUSER])
        .await
        .map_err(|error| ClusterError::statement(action, &error))?;
    match sought {
        Some(_) => Ok(()),
        None => create_database(&layout.socket, SUPERUSER, None).await,
    }
}

/// Creates a database, from a template if one is given.
pub(super) async fn create_database(socket: &Path, name: &str, template: Option<&str>) -> Result<(), ClusterError> {
    let action = "create the database";
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let template = template.map(|template| format!(" TEMPLATE {}", quote(template))).unwrap_or_default();
    let client = connect(socket, "postgres").await.map_err(|error| ClusterError::statement(action, &error))?;
    client
        .batch_execute(&format!("CREATE DATABASE {}{template}", quote(name)))
        .await
        .map_err(|error| ClusterError::statement(action, &error))
}

async fn connect(socket: &Path, database: &str) -> Result<Client, tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::new();
    config.host_path(socket).user(SUPERUSER).dbname(database);
    let (client, connection) = config.connect(NoTls).await?;
    // Ends when the client is dropped; what breaks it, the client's next call says.
    tokio::spawn(connection);
    Ok(client)
}

fn not_ready(layout: &Layout) -> ClusterError {
    let log = fs::read_to_string(&layout.log).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    let end = lines[lines.len().saturating_sub(12)..].join("\n");
    ClusterError::NotReady { path: layout.log.clone(), log: end }
}

/// Stops the server, the harder the longer it takes, and waits for its end.
pub(super) fn stop(child: &mut Child) {
    let Ok(pid) = i32::try_from(child.id()) else { return };
    let steps = [(Signal::SIGINT, 20), (Signal::SIGQUIT, 5), (Signal::SIGKILL, 5)];
    for (signal, patience_s) in steps {
        // The child is not waited for yet, so the pid is still its own.
        kill(Pid::from_raw(pid), signal).ok();
        let deadline = Instant::now() + Duration::from_secs(patience_s);
        while Instant::now() < deadline {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(POLL);
        }
    }
}
