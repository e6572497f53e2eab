//! The settings of functions that run as processes of their own.

use std::collections::HashMap;
use std::time::Duration;

use auth::tokens::KeySet;
use shared::clock::{Clock, Random};
use shared::vault::FileKeyring;
use tempfile::TempDir;
use tests::Services;
use ward::model::{MODEL, Model};

/// The origin whose pages may call: the one of the harness's browser.
const ORIGIN: &str = "http://localhost:9000";

/// A database of the test's own, a key file, the shared Redis and a model without pauses.
pub struct Settings {
    values: HashMap<String, String>,
    _model: Model,
    _folder: TempDir,
}

impl Settings {
    /// Everything the five functions need.
    pub async fn new() -> Self {
        let services = Services::get();
        let database = services.database().await;
        let folder = tempfile::tempdir().expect("a folder");
        let key_file = folder.path().join("key");
        FileKeyring::create(&key_file, Random::default()).expect("a key file");
        let model = Model::start(Duration::ZERO, Clock::system()).await.expect("the built-in model");
        let values = HashMap::from([
            ("DATABASE_URL".to_owned(), services.database_url(&database)),
            ("REDIS_URL".to_owned(), format!("redis+unix://{}", services.redis_socket().display())),
            ("WARD_KEY_FILE".to_owned(), key_file.display().to_string()),
            // Redis is shared with other tests: the name keeps this one's keys apart.
            ("WARD_APP".to_owned(), database),
            ("WARD_ORIGINS".to_owned(), ORIGIN.to_owned()),
            ("WARD_TOKEN_KEYS".to_owned(), KeySet::generate().expect("a key").to_json().to_string()),
            ("FILES_DIR".to_owned(), folder.path().join("files").display().to_string()),
            ("OPENAI_BASE_URL".to_owned(), model.base_url()),
            ("OPENAI_MODEL".to_owned(), MODEL.to_owned()),
        ]);
        Self { values, _model: model, _folder: folder }
    }

    /// Changes a setting.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// Takes a setting away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.values.remove(name);
        self
    }

    /// The value of a setting.
    pub fn get(&self, name: &str) -> &str {
        &self.values[name]
    }

    /// Names and values, for a process's environment.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}
