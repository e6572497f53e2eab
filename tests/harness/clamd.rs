use std::fmt::Write;
use std::net::TcpStream;

use super::services::{bound_to_us, free_port, spawn, target, wait_for};

/// The EICAR test file, in hexadecimal: what the daemon finds, and nothing else.
const SIGNATURE: &str = "Eicar-Test-Signature:0:0:58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d\
    5354414e444152442d414e544956495255532d544553542d46494c452124482b482a\n";

/// Starts a clamd that ends with this process; gives the setting that names it.
pub(crate) fn start() -> String {
    let (port, folder) = (free_port(), target().join("tests-clamd"));
    let database = folder.join("signatures");
    std::fs::create_dir_all(&database).expect("a folder");
    std::fs::write(database.join("eicar.ndb"), SIGNATURE).expect("a file");
    let mut lines = format!("Foreground yes\nTCPSocket {port}\nTCPAddr 127.0.0.1\nStreamMaxLength 100M\n");
    writeln!(lines, "DatabaseDirectory {}\nLogFile {}", database.display(), folder.join("log").display())
        .expect("a text grows");
    // As root it would become another user, who can't read the folder.
    writeln!(lines, "User {}", user()).expect("a text grows");
    let settings = folder.join("clamd.conf");
    std::fs::write(&settings, lines).expect("a file");
    let mut command = bound_to_us("clamd");
    command.arg("--config-file").arg(settings);
    spawn(command);
    wait_for("clamd", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    format!("clamd://127.0.0.1:{port}")
}

fn user() -> String {
    let output = std::process::Command::new("id").arg("-un").output().expect("the user's name");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
