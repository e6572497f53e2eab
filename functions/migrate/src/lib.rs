//! Applies `migrations/` and makes the logins of the functions: at deploy as a Lambda function, which also tries what is
//! about to get traffic; elsewhere as `ward migrate`.

mod aws;
pub mod hook;
mod logins;
mod schema;
mod trial;

use std::time::Duration;

use serde::Serialize;
use shared::clock::Clock;
use shared::config::{self, ConfigError, DatabaseLogin, DatabaseSettings};
use shared::data::connect::Server;
use shared::data::{DbError, IamTokens};
use tokio::time::timeout;
use tokio_postgres::Client;

pub use logins::{LoginError, LoginReport, SignIn};

/// How long the database may take to answer at all.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The database could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A setting is wrong or missing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database can't be reached or its address is wrong.
    #[error("the database that DATABASE_URL names can't be reached: {0}")]
    Connect(#[source] DbError),
    /// A migration failed; those before it are applied.
    #[error("a migration failed: {0}")]
    Failed(String),
    /// The schema is there; a login could not be made as it should be.
    #[error(transparent)]
    Login(#[from] LoginError),
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Names of the migrations that were applied now.
    pub applied: Vec<String>,
    /// The schema's version afterwards.
    pub version: Option<String>,
    /// The logins that were asked for, as they are now.
    pub logins: Vec<LoginReport>,
}

/// Brings the database to the newest schema. Run again, it changes nothing; of two at once, one waits. Dropped, it hangs up,
/// and what the server was doing is undone.
///
/// # Errors
/// [`MigrateError`] that says what to look at; holds no row's values.
pub async fn run(database: &DatabaseSettings) -> Result<Report, MigrateError> {
    deploy(database, &[]).await
}

/// The same, and makes the logins after it; those there are not listed stay as they are.
///
/// # Errors
/// As [`run`], and [`MigrateError::Login`].
pub async fn deploy(database: &DatabaseSettings, logins: &[DatabaseLogin]) -> Result<Report, MigrateError> {
    let server = Server::new(database, &IamTokens::new(Clock::system())).map_err(MigrateError::Connect)?;
    connected(&server, async |client| {
        let mut report = schema::apply(client).await?;
        report.logins = logins::set_up(client, logins, &server).await?;
        Ok(report)
    })
    .await
    .map_err(MigrateError::Connect)?
}

/// The same for the database and the logins that the process's settings name.
///
/// # Errors
/// As [`deploy`], and [`MigrateError::Config`].
pub async fn by_settings() -> Result<Report, MigrateError> {
    let logins = config::deployment()?.logins;
    deploy(&config::database().await?, &logins).await
}

/// Does something with a connection of its own, in one future: whoever drops it closes the connection.
async fn connected<T>(server: &Server, work: impl AsyncFnOnce(&mut Client) -> T) -> Result<T, DbError> {
    let silent = |_| DbError::Unavailable("connecting, which took too long");
    let (mut client, connection) = timeout(CONNECT_LIMIT, server.connect()).await.map_err(silent)??;
    let work = async {
        let done = work(&mut client).await;
        drop(client);
        done
    };
    // What ended the connection matters only where it also failed the work.
    let (done, _ended) = tokio::join!(work, connection);
    Ok(done)
}
