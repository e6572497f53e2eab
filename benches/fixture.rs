//! What the measurements run against: a private PostgreSQL and Redis, and a signed-in user with a stored value.

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use shared::Platform;
use shared::clock::{Clock, Random};
use shared::config::Settings;
use shared::data::sessions;
use shared::identity::{Assurance, NewSession, Role, SessionKind};
use shared::vault::FileKeyring;
use tempfile::TempDir;
use tokio_postgres::NoTls;
use uuid::Uuid;
use ward::model::{MODEL, Model};
use ward::postgres::Cluster;

use crate::Outcome;

/// The origin the benchmarks' requests come from.
pub const ORIGIN: &str = "http://localhost:9000";
/// Beyond what any measurement sends.
pub const NO_LIMIT: &str = "1000000000";

/// The servers and the user.
pub struct Fixture {
    /// PostgreSQL.
    pub cluster: Cluster,
    /// Redis's version.
    pub redis_version: String,
    /// The model both the proxy and the direct calls speak to; it has no pause between tokens.
    pub model: Model,
    /// Ward on all of it.
    pub platform: Platform,
    /// The settings of the functions' processes.
    pub settings: HashMap<&'static str, String>,
    /// The signed-in user's cookie.
    pub cookie: String,
    /// The CSRF token of the session.
    pub csrf: String,
    /// The signed-in user.
    pub user: Uuid,
    _redis: Server,
    _folder: TempDir,
}

/// A server's process, killed with the fixture: it is temporary, there is nothing to save.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).ok();
    }
}

impl Fixture {
    /// Starts everything.
    pub async fn start() -> Outcome<Self> {
        let folder = TempDir::new()?;
        let cluster = tokio::task::spawn_blocking(Cluster::temporary).await??;
        cluster.create_database("bench", None).await?;
        let database = cluster.url("bench");
        migrate::run(&database.clone().into()).await?;
        let socket = folder.path().join("redis.sock").display().to_string();
        let redis = redis_server(&socket)?;
        let redis_url = format!("redis+unix://{socket}");
        let redis_version = redis_version(&redis_url).await?;
        let key_file = folder.path().join("key");
        FileKeyring::create(&key_file, Random::default())?;
        let model = Model::start(Duration::ZERO, Clock::system()).await?;
        let settings = HashMap::from([
            ("DATABASE_URL", database.clone()),
            ("REDIS_URL", redis_url),
            ("WARD_KEY_FILE", key_file.display().to_string()),
            ("WARD_ORIGINS", ORIGIN.to_owned()),
            ("OPENAI_BASE_URL", model.base_url()),
            ("OPENAI_MODEL", MODEL.to_owned()),
            ("WARD_LIMIT_ANONYMOUS", NO_LIMIT.to_owned()),
            ("WARD_LIMIT_USER", NO_LIMIT.to_owned()),
            ("WARD_STORAGE_KEYS", "1000000".to_owned()),
            ("WARD_STORAGE_BYTES", (1_u64 << 36).to_string()),
            ("WARD_DAILY_TOKENS", NO_LIMIT.to_owned()),
            ("WARD_DAILY_CALLS", NO_LIMIT.to_owned()),
        ]);
        let platform = Platform::connect(Settings::from_lookup(&|name| settings.get(name).cloned())?).await?;
        let user = insert_user(&database, platform.new_id()?).await?;
        let begun = platform.sessions.begin(NewSession {
            user_id: user,
            role: Role::User,
            assurance: Assurance::Aal2,
            methods: vec!["hwk".into()],
            kind: SessionKind::Cookie,
            device_id: None,
        });
        let signed_in = begun.await?;
        let scope = platform.db.unaudited(user);
        sessions::insert(&scope, &signed_in.session, &signed_in.token_hash()).await?;
        let cookie = signed_in.cookie().ok_or("a cookie session has a cookie")?;
        Ok(Self {
            cluster,
            redis_version,
            model,
            cookie: format!("{}={}", cookie.name(), cookie.value()),
            csrf: signed_in.csrf().unwrap_or_default(),
            user,
            platform,
            settings,
            _redis: redis,
            _folder: folder,
        })
    }
}

fn redis_server(socket: &str) -> Outcome<Server> {
    let arguments = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no"];
    Ok(Server(Command::new("redis-server").args(arguments).stdout(Stdio::null()).spawn()?))
}

/// The version of the server, as soon as it answers.
async fn redis_version(url: &str) -> Outcome<String> {
    let client = redis::Client::open(url)?;
    for _ in 0..200 {
        if let Ok(mut connection) = client.get_multiplexed_async_connection().await {
            let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
            let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
            return Ok(version.unwrap_or("unknown").to_owned());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err("redis-server did not answer within 2 s".into())
}

/// A user without a passkey: the session is made by hand.
async fn insert_user(database: &str, id: Uuid) -> Outcome<Uuid> {
    let (client, connection) = tokio_postgres::connect(database, NoTls).await?;
    tokio::spawn(connection);
    client
        .execute(
            "INSERT INTO users (id, username_index, profile, created_at, updated_at)
             VALUES ($1, $2, '', now(), now())",
            &[&id, &id.as_bytes().as_slice()],
        )
        .await?;
    Ok(id)
}
