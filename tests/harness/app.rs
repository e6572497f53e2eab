use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use auth::delivery::outbox::{self, Sent};
use auth::tokens::KeySet;
use axum::Router;
use shared::Platform;
use shared::clock::Random;
use shared::config::Settings;
use shared::vault::{FileKeyring, Keyring, Keyrings};
use tempfile::TempDir;
use tokio_postgres::Client;
use ward::model::Model;
use ward::product::{Apps, product};

use super::services::connect;
use super::{Browser, Services, TestClock};

/// The origin whose pages may call the application under test.
pub const ORIGIN: &str = "http://localhost:9000";

/// What opens `/metrics` of the application under test.
pub const METRICS_TOKEN: &str = "metrics-token-of-the-tests-0123456789";

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
        Self::build(overrides, Arc::new(keyring).into(), folder).await
    }

    /// The product on another keyring.
    pub async fn with_keyring(overrides: &[(&str, &str)], keyring: Arc<dyn Keyring>) -> Self {
        Self::with_keyrings(overrides, keyring.into()).await
    }

    /// The product on other keyrings.
    pub async fn with_keyrings(overrides: &[(&str, &str)], keyrings: Keyrings) -> Self {
        Self::build(overrides, keyrings, tempfile::tempdir().expect("a folder")).await
    }

    async fn build(overrides: &[(&str, &str)], keyrings: Keyrings, folder: TempDir) -> Self {
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
            ("FILES_DIR".into(), folder.path().join("files").display().to_string()),
            ("METRICS_TOKEN".into(), METRICS_TOKEN.into()),
            ("WARD_OUTBOX".into(), folder.path().join("outbox").display().to_string()),
        ]);
        settings.extend(overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        // A proxy stands before the socket: the database's name is the test's own.
        if let Some(url) = settings.get_mut("DATABASE_URL") {
            *url = url.replace("{database}", &database);
        }
        let parsed = Settings::from_lookup(&|name| settings.get(name).cloned()).expect("settings");
        let platform = Platform::with(parsed, clock.clock(), keyrings).expect("a platform");
        let router = product(Apps::new(&platform).expect("functions"), None);
        Self { platform, clock, router, settings, database, _model: model, folder }
    }

    /// The same browser before the product with another object store than the settings name.
    pub fn with_objects(&self, browser: &Browser, objects: shared::objects::Objects) -> Browser {
        let storage = storage::App::with_objects(self.platform.clone(), objects);
        let apps = Apps { storage, ..Apps::new(&self.platform).expect("functions") };
        browser.on(product(apps, None))
    }

    /// The product.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// The folder of the objects.
    pub fn objects(&self) -> std::path::PathBuf {
        self.folder.path().join("files")
    }

    /// The settings, for a process of its own.
    pub fn settings(&self) -> &HashMap<String, String> {
        &self.settings
    }

    /// The same browser, served by another instance of the functions: with the settings, the clock and the key file of this
    /// one, and nothing else in common.
    pub fn on_another_instance(&self, browser: &Browser) -> Browser {
        self.with_other_keyrings(browser, self.keyring().into())
    }

    /// The same on keyrings of the test's.
    pub fn with_other_keyrings(&self, browser: &Browser, keyrings: Keyrings) -> Browser {
        browser.on(product(Apps::new(&self.other_platform(keyrings)).expect("functions"), None))
    }

    /// The key file's keyring, opened anew.
    pub fn keyring(&self) -> Arc<FileKeyring> {
        let key_file = self.folder.path().join("key");
        Arc::new(FileKeyring::open(&key_file, Random::default()).expect("a key file"))
    }

    /// What another instance is built from.
    pub fn other_platform(&self, keyrings: impl Into<Keyrings>) -> Platform {
        let settings = Settings::from_lookup(&|name| self.settings.get(name).cloned()).expect("settings");
        Platform::with(settings, self.clock.clock(), keyrings).expect("a platform")
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
        self.role("ward_app").await
    }

    /// A connection as the role the maintenance function works as.
    pub async fn maintenance_role(&self) -> Client {
        self.role("ward_maintenance").await
    }

    async fn role(&self, name: &str) -> Client {
        let client = self.superuser().await;
        client.batch_execute(&format!("SET ROLE {name}")).await.expect("the role exists");
        client
    }
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
