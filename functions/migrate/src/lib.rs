//! Applies `migrations/`: at deploy as a Lambda function, elsewhere as `ward migrate`.

use serde::Serialize;
use shared::data::{DbError, connect};

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// The migrations could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database can't be reached or its address is wrong.
    #[error("the database that DATABASE_URL names can't be reached")]
    Connect(#[source] DbError),
    /// A migration failed; those before it are applied.
    #[error("a migration failed: {0}")]
    Failed(String),
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Names of the migrations that were applied now.
    pub applied: Vec<String>,
    /// The schema's version afterwards.
    pub version: Option<String>,
}

/// Brings the database at `url` to the newest schema. Run again, it changes nothing; of two at once, one waits.
///
/// # Errors
/// [`MigrateError`] that says what to look at; holds no row's values.
pub async fn run(url: &str) -> Result<Report, MigrateError> {
    let config = connect::config(url).map_err(MigrateError::Connect)?;
    let tls = connect::connector(&config);
    let (mut client, connection) = config.connect(tls).await.map_err(|error| MigrateError::Connect(error.into()))?;
    let connection = tokio::spawn(connection);
    let report = apply(&mut client).await;
    drop(client);
    // What ended the connection matters only where it also failed the migration.
    let _ended = connection.await;
    report
}

/// The number is arbitrary; all who migrate use the same one.
const LOCK: &str = "SELECT pg_advisory_lock(7246107)";

async fn apply(client: &mut tokio_postgres::Client) -> Result<Report, MigrateError> {
    client.batch_execute(LOCK).await.map_err(|error| MigrateError::Connect(error.into()))?;
    let runner = embedded::migrations::runner();
    let newest = runner.get_migrations().iter().max().map(ToString::to_string);
    let report = runner.run_async(client).await.map_err(|error| MigrateError::Failed(error.to_string()))?;
    Ok(Report { applied: report.applied_migrations().iter().map(ToString::to_string).collect(), version: newest })
}
