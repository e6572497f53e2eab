//! The page: `web/` built with npm, when npm is here and something changed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::Command;

use super::terminal::Terminal;
use crate::fingerprint::Fingerprint;

/// What there is to serve under `/`.
#[derive(Debug)]
pub(super) enum Page {
    /// The folder with `index.html`.
    Built(PathBuf),
    /// Nothing, and why.
    Absent(String),
}

/// The page that is there already, or else the one built from the sources.
pub(super) async fn find(built: Option<PathBuf>, terminal: Terminal) -> Page {
    match built {
        None => build(sources(), terminal).await,
        Some(folder) if folder.join("index.html").is_file() => Page::Built(folder),
        Some(folder) => Page::Absent(format!("there is no index.html in {}", folder.display())),
    }
}

/// Where the page's sources are: beside this crate, in the repository it was built from.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web")
}

/// Builds the page if its sources changed since the last time.
async fn build(web: PathBuf, terminal: Terminal) -> Page {
    let started = Instant::now();
    let Ok(web) = web.canonicalize() else {
        return Page::Absent("its sources are not here".to_owned());
    };
    match build_changed(&web, terminal).await {
        Ok(outcome) => {
            terminal.done("page", outcome, started);
            Page::Built(web.join("dist"))
        }
        Err(reason) => {
            terminal.done("page", "not built", started);
            Page::Absent(reason)
        }
    }
}

async fn build_changed(web: &Path, terminal: Terminal) -> Result<&'static str, String> {
    // Another `ward dev` may be at it in the same folder; it is left to finish, and its work is ours too.
    let folder = File::open(web).map_err(|error| error.to_string())?;
    let _turn = tokio::task::spawn_blocking(move || folder.lock().map(|()| folder))
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;

    let modules = web.join("node_modules");
    let build = Stamp { file: modules.join(".ward-build"), value: stamp(web).map_err(|error| error.to_string())? };
    if build.is_current() && web.join("dist/index.html").is_file() {
        return Ok("unchanged since it was built");
    }
    npm(web, &["--version"]).await?;
    let lock = fs::read(web.join("package-lock.json")).map_err(|error| format!("package-lock.json: {error}"))?;
    let install = Stamp { file: modules.join(".ward-install"), value: Fingerprint::new().with(&lock).hex() };
    if !install.is_current() {
        terminal.step("page", "npm ci ...");
        npm(web, &["ci", "--no-audit", "--no-fund"]).await?;
        install.write()?;
    }
    terminal.step("page", "npm run build ...");
    npm(web, &["run", "build"]).await?;
    build.write()?;
    Ok("built")
}

/// A note of what something was made from.
struct Stamp {
    file: PathBuf,
    value: String,
}

impl Stamp {
    fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|found| found == self.value)
    }

    fn write(&self) -> Result<(), String> {
        fs::write(&self.file, &self.value).map_err(|error| format!("{}: {error}", self.file.display()))
    }
}

/// A fingerprint of every source: names and contents.
fn stamp(web: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    collect(web, &mut files)?;
    files.sort();
    let mut all = Fingerprint::new();
    for file in files {
        let content = fs::read(&file)?;
        let name = file.strip_prefix(web).unwrap_or(&file).as_os_str().as_encoded_bytes();
        all = all.with(name).with(&content.len().to_be_bytes()).with(&content);
    }
    Ok(all.hex())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let made = ["node_modules", "dist"].iter().any(|made| entry.file_name() == *made);
        match entry.file_type()? {
            kind if kind.is_dir() && !made => collect(&entry.path(), files)?,
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    Ok(())
}

/// Runs npm in a process group of its own, which ends with this future: npm starts programs, and they more.
async fn npm(web: &Path, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new("npm");
    command
        .arg("--loglevel=error")
        .args(arguments)
        .current_dir(web)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.process_group(0).spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "npm is not installed".to_owned(),
        _ => format!("npm does not run: {error}"),
    })?;
    let mut group = Group(child.id());
    let output = child.wait_with_output().await.map_err(|error| error.to_string())?;
    group.0 = None;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("npm {} failed:\n{}", arguments.join(" "), end(&String::from_utf8_lossy(&said))))
}

/// The running process group, ended when it is dropped.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0.and_then(|pid| i32::try_from(pid).ok()) {
            killpg(Pid::from_raw(pid), Signal::SIGTERM).ok();
        }
    }
}

fn end(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_changes_with_a_name_or_a_content_and_not_with_what_was_made() {
        let web = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = web.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("index.html", "<p>");
        write("src/main.ts", "1");
        let first = stamp(web.path()).unwrap();
        write("dist/index.html", "made");
        write("node_modules/vue/index.js", "fetched");
        assert_eq!(stamp(web.path()).unwrap(), first);
        write("src/main.ts", "2");
        let second = stamp(web.path()).unwrap();
        assert_ne!(second, first);
        fs::rename(web.path().join("src/main.ts"), web.path().join("src/app.ts")).unwrap();
        assert_ne!(stamp(web.path()).unwrap(), second);
    }

    #[tokio::test]
    async fn a_page_that_was_built_elsewhere_is_served_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let find = || find(Some(folder.path().to_owned()), Terminal::new());
        assert!(matches!(find().await, Page::Absent(_)));
        fs::write(folder.path().join("index.html"), "<p>").unwrap();
        assert!(matches!(find().await, Page::Built(built) if built == folder.path()));
    }

    #[tokio::test]
    async fn without_sources_there_is_no_page() {
        let page = build(PathBuf::from("/nowhere"), Terminal::new()).await;
        assert!(matches!(page, Page::Absent(_)));
    }
}
