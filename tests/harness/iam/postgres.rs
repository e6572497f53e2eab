//! A PostgreSQL as RDS has it: TLS only, and logins by tokens of IAM's beside a master user with a password.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tokio_postgres::Client;

use super::super::services::{bound_to_us, bound_to_us_as, connect, free_port, spawn, target_folder, unique, wait_for};
use super::{Authority, ldap};

/// The names in the server's certificate.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", IamPostgres::NAME];

const TEMPLATE: &str = "template_migrated";

/// The server, one for a test run: [`super::super::Services::iam_postgres`].
pub struct IamPostgres {
    folder: PathBuf,
    port: u16,
}

impl IamPostgres {
    /// A name of the server's that is no name of this machine's.
    pub const NAME: &str = "database.ward.test";
    /// The master user, a superuser.
    pub const MASTER: &str = "ward";
    /// The master user's password.
    pub const MASTER_PASSWORD: &str = "master%41 of?the#tests";

    /// Makes a cluster with the programs of this folder, and starts it.
    pub(crate) async fn start(programs: &Path) -> Self {
        let folder = target_folder("iam-postgres");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("the last run's cluster can be removed");
        }
        std::fs::create_dir_all(&folder).expect("a folder");
        let (certificate, key) = Authority::get().certificate(&NAMES, &folder);
        let port = free_port();
        let places = NAMES.map(|name| format!("{name}:{port}"));
        let tokens = format!(
            "ldap ldapserver=127.0.0.1 ldapport={} ldapprefix=\"{}\"",
            ldap::start(places.to_vec()),
            ldap::PREFIX
        );
        let master = Self::MASTER;
        let access = folder.join("access");
        let lines = [
            format!("local all {master} trust"),
            format!("hostssl all {master} 127.0.0.1/32 scram-sha-256"),
            format!("hostssl all all 127.0.0.1/32 {tokens}"),
        ];
        std::fs::write(&access, lines.join("\n") + "\n").expect("a file");
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).expect("permissions");
        let owner = Owner::find();
        owner.give(&folder);
        let data = folder.join("data");
        let mut initdb = owner.command(&programs.join("initdb"));
        initdb.arg("-D").arg(&data).args(["-U", master, "--auth=reject", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        let made = initdb.stderr(Stdio::piped()).output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut server = owner.command(&programs.join("postgres"));
        server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for (name, value) in [
            ("unix_socket_directories", &folder),
            ("ssl_cert_file", &certificate),
            ("ssl_key_file", &key),
            ("hba_file", &access),
        ] {
            server.arg("-c").arg(format!("{name}={}", value.display()));
        }
        for setting in ["ssl=on", "listen_addresses=127.0.0.1", "fsync=off", "timezone=UTC", "log_min_messages=panic"] {
            server.args(["-c", setting]);
        }
        spawn(server);
        let this = Self { folder, port };
        wait_for("PostgreSQL with TLS", || std::os::unix::net::UnixStream::connect(this.socket()).is_ok());
        this.prepare().await;
        this
    }

    async fn prepare(&self) {
        let client = self.superuser("postgres").await;
        let password = format!("ALTER ROLE {} PASSWORD '{}'", Self::MASTER, Self::MASTER_PASSWORD);
        client.batch_execute(&password).await.expect("a password");
        client.batch_execute(&format!("CREATE DATABASE {TEMPLATE}")).await.expect("a template");
        migrate::run(&self.local_url(TEMPLATE).into()).await.expect("the migrations apply");
    }

    /// A database of the caller's own, migrated; gives its name.
    pub async fn database(&self) -> String {
        let name = format!("t_{}", unique());
        let sql = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}");
        self.superuser("postgres").await.batch_execute(&sql).await.expect("a database");
        name
    }

    /// An empty database; gives its name.
    pub async fn empty_database(&self) -> String {
        let name = format!("e_{}", unique());
        let sql = format!("CREATE DATABASE {name}");
        self.superuser("postgres").await.batch_execute(&sql).await.expect("a database");
        name
    }

    /// A new login that is a member of `role` and has no password; gives its name.
    pub async fn login(&self, role: &str) -> String {
        let name = format!("login_{}", unique());
        let sql = format!("CREATE ROLE {name} LOGIN IN ROLE {role}");
        self.superuser("postgres").await.batch_execute(&sql).await.expect("a login");
        name
    }

    /// `DATABASE_URL` for a login, to be used with `DATABASE_AUTH=iam`; or for nobody, to be used with a secret.
    pub fn url(&self, login: Option<&str>, database: &str) -> String {
        let login = login.map(|login| format!("{login}@")).unwrap_or_default();
        format!("postgres://{login}localhost:{}/{database}?sslmode=verify-full", self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A connection of the superuser's, past TLS and tokens.
    pub async fn superuser(&self, database: &str) -> Client {
        connect(&self.local_url(database)).await
    }

    fn local_url(&self, database: &str) -> String {
        format!("host={} port={} user={} dbname={database}", self.folder.display(), self.port, Self::MASTER)
    }

    fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }
}

/// Whom the server runs as: PostgreSQL does not run as root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn find() -> Self {
        let id = |arguments: &[&str]| {
            let output = Command::new("id").args(arguments).output().expect("the user's number");
            String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().ok()
        };
        let nobody = (65_534, 65_534);
        let other = || id(&["-u", "postgres"]).zip(id(&["-g", "postgres"])).unwrap_or(nobody);
        Self((id(&["-u"]) == Some(0)).then(other))
    }

    fn give(&self, folder: &Path) {
        let Some((user, group)) = self.0 else { return };
        let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        for path in files.chain([folder.to_owned()]) {
            chown(&path, Some(user), Some(group)).expect("given away");
        }
    }

    fn command(&self, program: &Path) -> Command {
        let program = program.to_str().expect("a path");
        match self.0 {
            Some((user, group)) => bound_to_us_as(user, group, program),
            None => bound_to_us(program),
        }
    }
}
