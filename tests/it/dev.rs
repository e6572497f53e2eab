//! `ward dev`: started, refused a second time, stopped, without a process left.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tests::binary;

/// Neither npm nor anything else of the machine's is in this folder: the page is not built here.
const NO_NPM: &str = "/nonexistent";

fn ward_dev(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(binary("ward"));
    command.args(["dev", "--port", &port.to_string(), "--data-dir"]).arg(folder);
    command.env("PATH", NO_NPM).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for setting in ["DATABASE_URL", "REDIS_URL", "KMS_KEY_ID", "OPENAI_API_KEY", "OPENAI_BASE_URL"] {
        command.env_remove(setting);
    }
    command
}

/// A running `ward dev` and what it said until it was ready.
struct Dev {
    child: Child,
    said: String,
}

impl Dev {
    fn start(folder: &Path) -> Self {
        let mut child = ward_dev(folder, 0).spawn().expect("it starts");
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        while !said.contains("Ctrl-C stops everything") {
            let line = lines.next().unwrap_or_else(|| panic!("it ended: {said}")).expect("text");
            said.push_str(&line);
            said.push('\n');
        }
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, said }
    }

    fn url(&self) -> &str {
        let start = self.said.find("http://").expect("a URL");
        self.said[start..].split_whitespace().next().expect("a URL")
    }

    fn interrupt(mut self) -> Option<i32> {
        let interrupted = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().expect("kill");
        assert!(interrupted.success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        self.child.kill().ok();
    }
}

fn refusal(folder: &Path, port: u16) -> String {
    let output = ward_dev(folder, port).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The command lines of all processes that name a folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let mut line = String::new();
            std::fs::File::open(entry.ok()?.path().join("cmdline")).ok()?.read_to_string(&mut line).ok()?;
            line.contains(&folder).then_some(line)
        })
        .collect()
}

#[test]
fn it_runs_once_per_folder_and_leaves_nothing_behind() {
    let parent = tempfile::Builder::new().prefix("ward-dev-").tempdir().unwrap();
    let folder = parent.path().join("data");
    let dev = Dev::start(&folder);
    assert!(dev.said.contains(&folder.display().to_string()), "it says where the data is: {}", dev.said);
    for setting in ["DATABASE_URL", "REDIS_URL", "KMS_KEY_ID", "OPENAI_API_KEY"] {
        assert!(dev.said.contains(setting), "it says what {setting} replaces: {}", dev.said);
    }
    // With a page built earlier it is served; without one and without npm it says that the API runs alone.
    assert!(dev.said.contains("page"), "it says what is with the page: {}", dev.said);
    let port = dev.url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(TcpListener::bind(("127.0.0.1", port)).is_err(), "it listens");

    let second = refusal(&folder, 0);
    assert!(second.contains("already runs on") && second.contains("--data-dir"), "{second}");
    let elsewhere = refusal(&parent.path().join("other"), port);
    assert!(elsewhere.contains(&format!("port {port} is in use")) && elsewhere.contains("--port"), "{elsewhere}");

    assert!(!processes_in(&folder).is_empty());
    assert_eq!(dev.interrupt(), Some(0));
    assert_eq!(processes_in(&folder), [""; 0], "no process is left");

    let again = Dev::start(&folder);
    assert!(!again.said.contains("applied"), "the schema was kept: {}", again.said);
    assert_eq!(again.interrupt(), Some(0));
}
