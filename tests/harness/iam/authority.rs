//! A certificate authority of the tests' own, made by openssl.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// The authority: its certificate is what `WARD_CA_FILE` names. One for a run.
pub struct Authority {
    folder: TempDir,
    /// The number of the next certificate. Openssl's own file of them is not for several at once.
    next: AtomicU32,
}

impl Authority {
    /// The authority.
    pub fn get() -> &'static Self {
        static AUTHORITY: OnceLock<Authority> = OnceLock::new();
        AUTHORITY.get_or_init(|| {
            let authority = Self { folder: tempfile::tempdir().expect("a folder"), next: AtomicU32::new(1) };
            authority.make_root();
            authority
        })
    }

    /// The file with its certificate.
    pub fn roots(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// Puts a certificate for these names, and its key, into a folder; gives both files.
    pub fn certificate(&self, names: &[&str], folder: &Path) -> (PathBuf, PathBuf) {
        let [settings, request, certificate, key] =
            ["openssl.cnf", "request.pem", "certificate.pem", "key.pem"].map(|name| folder.join(name));
        let names = names.iter().map(|name| {
            let kind = if name.parse::<std::net::IpAddr>().is_ok() { "IP" } else { "DNS" };
            format!("{kind}:{name}")
        });
        let names = names.collect::<Vec<_>>().join(",");
        let extensions =
            format!("[server]\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName={names}\n");
        std::fs::write(&settings, format!("{SETTINGS}{extensions}")).expect("a file");
        let root = self.folder.path();
        openssl(NEW_KEY, &[("-config", &settings), ("-keyout", &key), ("-out", &request)]);
        let number = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        openssl(
            &["x509", "-req", "-set_serial", &number, "-days", "2", "-extensions", "server"],
            &[
                ("-in", &request),
                ("-CA", &self.roots()),
                ("-CAkey", &root.join("root.key")),
                ("-extfile", &settings),
                ("-out", &certificate),
            ],
        );
        (certificate, key)
    }

    fn make_root(&self) {
        let settings = self.folder.path().join("openssl.cnf");
        let extensions = "[authority]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
        std::fs::write(&settings, format!("{SETTINGS}{extensions}")).expect("a file");
        let arguments = [NEW_KEY, &["-x509", "-days", "2", "-extensions", "authority"]].concat();
        let key = self.folder.path().join("root.key");
        openssl(&arguments, &[("-config", &settings), ("-keyout", &key), ("-out", &self.roots())]);
    }
}

/// The beginning of openssl's settings: it shall ask nothing.
const SETTINGS: &str = "[req]\ndistinguished_name=name\nprompt=no\n[name]\nCN=the tests of Ward\n";
const NEW_KEY: &[&str] = &["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

fn openssl(arguments: &[&str], files: &[(&str, &PathBuf)]) {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::null());
    for (option, file) in files {
        command.arg(option).arg(file);
    }
    let output = command.output().expect("openssl: run `cargo xtask setup`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
