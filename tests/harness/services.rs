use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use super::clamd;
use super::iam::IamPostgres;
use tokio_postgres::{Client, NoTls};
use ward::postgres::{self, Cluster, Options};

const TEMPLATE: &str = "template_migrated";

/// Who owns the tables: no superuser, as nobody is one on RDS. What works past row-level security works for an owner.
const OWNER: &str = "ward_owner";

/// The servers of one test run: private, started at the first use, gone with the process.
pub struct Services {
    cluster: Cluster,
    redis: OnceLock<PathBuf>,
    moto: OnceLock<String>,
    clamd: OnceLock<String>,
    iam_postgres: OnceLock<IamPostgres>,
    finished: Sender<String>,
}

impl Services {
    /// The servers.
    pub fn get() -> &'static Self {
        static SERVICES: OnceLock<Services> = OnceLock::new();
        SERVICES.get_or_init(|| {
            let folder = target().join("tests-postgres");
            postgres::remove(&folder).expect("the last run's cluster can be removed");
            let cluster = Cluster::start(Options::new(folder).not_durable()).expect("a private PostgreSQL");
            block_on(async {
                cluster.create_database(TEMPLATE, None).await.expect("a template");
                own(&cluster.url(TEMPLATE), OWNER, TEMPLATE).await;
                migrate::run(&cluster.url_as(OWNER, TEMPLATE).into()).await.expect("the migrations apply");
            });
            let finished = janitor(cluster.url("postgres"));
            Services {
                cluster,
                redis: OnceLock::new(),
                moto: OnceLock::new(),
                clamd: OnceLock::new(),
                iam_postgres: OnceLock::new(),
                finished,
            }
        })
    }

    /// Drops a database in the background. A run leaves little behind then, which the next one would have to delete first.
    pub fn forget(&self, database: &str) {
        self.finished.send(database.to_owned()).expect("the janitor lives as long as we do");
    }

    /// A database of the caller's own, migrated; gives its name.
    pub async fn database(&'static self) -> String {
        let name = format!("t_{}", unique());
        self.cluster.create_database(&name, Some(TEMPLATE)).await.expect("a database");
        name
    }

    /// An empty database; gives its name.
    pub async fn empty_database(&'static self) -> String {
        let name = format!("e_{}", unique());
        self.cluster.create_database(&name, None).await.expect("a database");
        name
    }

    /// A database as `pg_dump` writes it.
    pub fn dump(&self, database: &str) -> Vec<u8> {
        let output =
            self.client("pg_dump").args(["--format=custom", "--dbname"]).arg(self.database_url(database)).output();
        let output = output.expect("pg_dump, which comes with PostgreSQL's server in Debian");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// A new database with what a dump holds; gives its name.
    pub async fn restore(&'static self, dump: &[u8]) -> String {
        let name = self.empty_database().await;
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), dump).expect("written");
        let mut command = self.client("pg_restore");
        let output = command.arg("--dbname").arg(self.database_url(&name)).arg(file.path()).output();
        let output = output.expect("pg_restore, which comes with PostgreSQL's server in Debian");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        name
    }

    /// A program of PostgreSQL's, of the server's version.
    fn client(&self, name: &str) -> Command {
        Command::new(self.programs().join(name))
    }

    fn programs(&self) -> PathBuf {
        format!("/usr/lib/postgresql/{}/bin", self.cluster.version()).into()
    }

    /// The URL of a database, as the superuser.
    pub fn database_url(&self, name: &str) -> String {
        self.cluster.url(name)
    }

    /// The server's unix socket.
    pub fn postgres_socket(&self) -> PathBuf {
        self.cluster.socket().join(".s.PGSQL.5432")
    }

    /// The unix socket of a private Redis.
    pub fn redis_socket(&self) -> &Path {
        self.redis.get_or_init(|| {
            let socket = target_folder("redis.sock");
            let mut command = bound_to_us("redis-server");
            command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(&socket);
            spawn(command);
            wait_for("Redis", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
            socket
        })
    }

    /// The URL of a private moto, which plays AWS.
    pub fn moto(&self) -> &str {
        self.moto.get_or_init(|| {
            let port = free_port();
            let mut command = bound_to_us(tool("moto_server").to_str().expect("a path"));
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            spawn(command);
            wait_for("moto", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
            format!("http://127.0.0.1:{port}")
        })
    }

    /// A private PostgreSQL that listens with TLS, and whose logins show tokens of IAM's. Its databases are other ones than
    /// [`Services::database`]'s.
    pub fn iam_postgres(&self) -> &IamPostgres {
        self.iam_postgres.get_or_init(|| {
            let programs = self.programs();
            block_on(async move { IamPostgres::start(&programs).await })
        })
    }

    /// The setting that names a private clamd, which knows nothing but the EICAR test file.
    pub fn clamd(&self) -> String {
        self.clamd.get_or_init(clamd::start).clone()
    }
}

/// Makes a login of the kind RDS gives the master user, and a database its own. `url` is a superuser's there.
pub async fn own(url: &str, owner: &str, database: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    // The schema goes by its owner's name into copies of the database, which are the superuser's.
    let sql = format!(
        "CREATE ROLE {owner} LOGIN CREATEROLE CREATEDB; ALTER DATABASE {database} OWNER TO {owner};
         ALTER SCHEMA public OWNER TO {owner}"
    );
    client.batch_execute(&sql).await.expect("a login");
}

/// A program of the test run's Python environment.
pub fn tool(name: &str) -> PathBuf {
    let path = target().join("tools/venv/bin").join(name);
    assert!(path.exists(), "{} is missing: run `cargo xtask setup`", path.display());
    path
}

/// A script of tests/node, whose packages are there.
pub fn tool_of_node(script: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    assert!(folder.join("node_modules").exists(), "the npm packages are missing: run `cargo xtask setup`");
    folder.join(script)
}

/// Where cargo put the binary of another package: beside the folder of this test's own.
pub fn binary(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("a running program has a path");
    let profile = tests.ancestors().nth(2).expect("the test is in target/<profile>/deps");
    let binary = profile.join(name);
    assert!(binary.exists(), "{} is missing; build it with `cargo build --workspace --bins`", binary.display());
    binary
}

/// A number no other test of this run has.
pub(crate) fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn target() -> PathBuf {
    // The test's binary stands in target/<profile>/deps.
    let binary = std::env::current_exe().expect("a path");
    binary.ancestors().nth(3).expect("a target folder").to_owned()
}

/// A path for what has a socket, whose path has to be short: not below target/. One folder per checkout, used again at the
/// next run.
pub(crate) fn target_folder(name: &str) -> PathBuf {
    let mut checkout = DefaultHasher::new();
    target().hash(&mut checkout);
    let folder = std::env::temp_dir().join(format!("ward-tests-{:x}", checkout.finish()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder.join(name)
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// A connection to one of our own servers.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Drops the databases it is told of, one after the other, on a thread of its own.
fn janitor(url: String) -> Sender<String> {
    let (sender, finished) = channel::<String>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("the server answers");
            tokio::spawn(connection);
            for database in finished {
                // A test that went on without its product keeps its database: the next run deletes it.
                let dropped = client.batch_execute(&format!("DROP DATABASE {database} WITH (FORCE)")).await;
                dropped.unwrap_or_else(|error| eprintln!("{database} stays: {error}"));
            }
        });
    });
    sender
}

/// A command whose process ends with ours.
pub(crate) fn bound_to_us(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", program]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The same as another user.
pub(crate) fn bound_to_us_as(user: u32, group: u32, program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
    command.args(["--pdeathsig", "TERM", program]).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Starts it on a thread that lives as long as we do: the signal at death follows the thread.
pub(crate) fn spawn(mut command: Command) {
    let (sender, started) = channel();
    std::thread::spawn(move || {
        let child = command.spawn();
        sender.send(child.is_ok()).expect("the test waits");
        loop {
            std::thread::park();
        }
    });
    assert!(started.recv().unwrap_or(false), "a test server could not be started: run `cargo xtask setup`");
}

pub(crate) fn wait_for(name: &str, ready: impl Fn() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < Duration::from_mins(1), "{name} does not answer: run `cargo xtask setup`");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a future on a thread of its own, for callers inside and outside of a runtime.
fn block_on<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
        });
        thread.join().expect("the thread ends well")
    })
}
