use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use auth::delivery::outbox::{self, Sent};
use auth::tokens::KeySet;
use axum::Router;
use shared::Platform;
use shared::clock::Random;
use shared::config::Settings;
use shared::vault::{FileKeyring, Keyring};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use ward::model::Model;
use ward::product::{Apps, product};

use super::{Browser, Services, TestClock};

/// The origin whose pages may call the application under test.
pub const ORIGIN: &str = "http://localhost:9000";

/// The whole product on a database of its own, with a clock that stands still.
pub struct TestApp {
    /// What the functions are built from.
    pub platform: Platform,
    /// The clock.
    pub clock: TestClock,
    pub(crate) router: Router,
    settings: HashMap<String, String>,
    database: String,
    _model: Model,
    folder: TempDir,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        Services::get().forget(&self.database);
    }
}

impl TestApp {
    /// The product with its defaults: cache in the process, key file, built-in model.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The product with some settings of the test's.
    pub async fn with(overrides: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let keyring = FileKeyring::create(&folder.path().join("key"), Random::default()).expect("a key file");
        Self::build(overrides, Arc::new(keyring), folder).await
    }

    /// The product on another keyring.
    pub async fn with_keyring(overrides: &[(&str, &str)], keyring: Arc<dyn Keyring>) -> Self {
        Self::build(overrides, keyring, tempfile::tempdir().expect("a folder")).await
    }

    async fn build(overrides: &[(&str, &str)], keyring: Arc<dyn Keyring>, folder: TempDir) -> Self {
        let database = Services::get().database().await;
        let clock = TestClock::at("2026-03-14T15:09:26Z");
        let model = Model::start(Duration::ZERO, clock.clock()).await.expect("the built-in model");
        let mut settings: HashMap<String, String> = HashMap::from([
            ("DATABASE_URL".into(), Services::get().database_url(&database)),
            ("WARD_KEY_FILE".into(), folder.path().join("key").display().to_string()),
            ("WARD_APP".into(), database.clone()),
            ("OPENAI_BASE_URL".into(), model.base_url()),
            ("OPENAI_MODEL".into(), "ward-local".into()),
            ("WARD_ORIGINS".into(), ORIGIN.into()),
            ("WARD_TOKEN_KEYS".into(), KeySet::generate().expect("a key").to_json().to_string()),
            ("WARD_OUTBOX".into(), folder.path().join("outbox").display().to_string()),
        ]);
        settings.extend(overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        // A proxy stands before the socket: the database's name is the test's own.
        if let Some(url) = settings.get_mut("DATABASE_URL") {
            *url = url.replace("{database}", &database);
        }
        let parsed = Settings::from_lookup(&|name| settings.get(name).cloned()).expect("settings");
        let platform = Platform::with(parsed, clock.clock(), keyring).expect("a platform");
        let router = product(Apps::new(&platform).expect("functions"), None);
        Self { platform, clock, router, settings, database, _model: model, folder }
    }

    /// The settings, for a process of its own.
    pub fn settings(&self) -> &HashMap<String, String> {
        &self.settings
    }

    /// The same browser, served by another instance of the functions: with the settings, the clock and the key file of this
    /// one, and nothing else in common.
    pub fn on_another_instance(&self, browser: &Browser) -> Browser {
        let settings = Settings::from_lookup(&|name| self.settings.get(name).cloned()).expect("settings");
        let key_file = self.folder.path().join("key");
        let keyring = FileKeyring::open(&key_file, Random::default()).expect("a key file");
        let platform = Platform::with(settings, self.clock.clock(), Arc::new(keyring)).expect("a platform");
        browser.on(product(Apps::new(&platform).expect("functions"), None))
    }

    /// A browser on a page of the application, signed out.
    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    /// A browser in which a new user has just registered.
    pub async fn signed_in(&self, username: &str) -> Browser {
        let mut browser = self.browser();
        browser.register(username).await;
        browser
    }

    /// A browser in which a new administrator has just registered.
    pub async fn administrator(&self, username: &str) -> Browser {
        let mut browser = self.browser();
        let id = browser.register(username).await;
        self.set_role(&id, "admin").await;
        browser
    }

    /// Gives a user a role, past the API.
    pub async fn set_role(&self, id: &str, role: &str) {
        let sql = "UPDATE users SET role = $2, security_version = security_version + 1 WHERE id::text = $1
                   RETURNING id, security_version";
        let row = self.superuser().await.query_one(sql, &[&id, &role]).await.expect("a user");
        self.platform.sessions.forget_user(row.get(0), row.get(1)).await;
    }

    /// Serves the product on a port of this machine's, as long as the test's runtime; gives its URL.
    pub async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(ward::product::serve(listener, self.router.clone(), std::future::pending()));
        url
    }

    /// The messages the application sent, the newest first.
    pub fn outbox(&self) -> Vec<Sent> {
        outbox::read(&self.folder.path().join("outbox")).expect("the outbox")
    }

    /// A connection as the superuser, past row-level security.
    pub async fn superuser(&self) -> Client {
        connect(&Services::get().database_url(&self.database)).await
    }

    /// A connection as the role the functions work as.
    pub async fn app_role(&self) -> Client {
        let client = self.superuser().await;
        client.batch_execute("SET ROLE ward_app").await.expect("the role exists");
        client
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Each method and path of the API's description.
pub fn product_routes() -> Vec<(String, String)> {
    let description = serde_json::to_value(ward::openapi::description()).expect("JSON");
    let paths = description["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().expect("methods").keys().map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect()
}
