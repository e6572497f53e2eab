//! The local parts: started, and named to the settings.

use std::path::Path;
use std::time::Instant;

use shared::clock::{Clock, Random};
use shared::vault::FileKeyring;
use zeroize::Zeroizing;

use super::folder::DataFolder;
use super::settings::{DevSettings, Part};
use super::terminal::{self, Terminal};
use super::{DevError, OUTBOX};
use crate::model::{self, Model};
use crate::postgres::{Cluster, Options, SUPERUSER};
use crate::{secrets, token_key};

/// The local parts that run. Dropping them stops them.
#[derive(Debug, Default)]
pub(super) struct Services {
    cluster: Option<Cluster>,
    model: Option<Model>,
}

impl Services {
    /// Starts a local part for each that the environment doesn't make real, and brings the schema up to date.
    pub async fn start(folder: &DataFolder, settings: &mut DevSettings, terminal: Terminal) -> Result<Self, DevError> {
        let mut services = Self::default();
        if settings.real(Part::Keyring).is_none() {
            settings.set("WARD_KEY_FILE", key_file(&folder.file("key"))?);
        }
        if settings.get("WARD_TOKEN_KEYS").is_none() {
            settings.set("WARD_TOKEN_KEYS", token_key::kept_in(&folder.file("token-keys.json"))?.as_str());
        }
        if settings.get("METRICS_TOKEN").is_none() {
            settings.set("METRICS_TOKEN", metrics_token()?.as_str());
        }
        if settings.real(Part::Model).is_none() {
            services.model = Some(start_model(settings).await?);
        }
        if settings.get(OUTBOX).is_none() {
            settings.set(OUTBOX, folder.file("outbox").display().to_string());
        }
        if settings.real(Part::Files).is_none() {
            settings.set("FILES_DIR", folder.file("files").display().to_string());
        }
        if settings.real(Part::Database).is_none() {
            services.cluster = Some(start_cluster(folder, settings, terminal).await?);
        }
        Ok(services)
    }

    /// Where the local database is.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }
}

/// The path of the development key, made if it is not there yet.
fn key_file(path: &Path) -> Result<String, DevError> {
    if !path.exists() {
        FileKeyring::create(path, Random::default())?;
    }
    Ok(path.display().to_string())
}

/// What opens `/metrics` in this run; it stands in the file of settings.
fn metrics_token() -> Result<Zeroizing<String>, DevError> {
    secrets::metrics_token().map_err(|error| DevError::System("make a token", std::io::Error::other(error)))
}

async fn start_model(settings: &mut DevSettings) -> Result<Model, DevError> {
    let started = Model::start(model::READABLE_PACE, Clock::system()).await;
    let model = started.map_err(|error| DevError::System("start the built-in model", error))?;
    settings.set("OPENAI_BASE_URL", model.base_url());
    settings.set("OPENAI_MODEL", model::MODEL);
    Ok(model)
}

async fn start_cluster(
    folder: &DataFolder,
    settings: &mut DevSettings,
    terminal: Terminal,
) -> Result<Cluster, DevError> {
    let started = Instant::now();
    let options = Options { notice: |text| terminal::line(&format!("  {text}")), ..Options::new(folder.path()) };
    let cluster = tokio::task::spawn_blocking(|| Cluster::start(options))
        .await
        .map_err(|error| DevError::System("start PostgreSQL", error.into()))??;
    settings.set("DATABASE_URL", cluster.url(SUPERUSER));
    terminal.done("database", &format!("PostgreSQL {}, private", cluster.version()), started);
    Ok(cluster)
}
