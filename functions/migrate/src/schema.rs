//! The schema: the files of `migrations/`, each in a transaction, one who applies them at a time.

use tokio_postgres::Client;

use crate::{MigrateError, Report};

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// The number is arbitrary; all who migrate use the same one. Whoever hangs up, or is frozen after its time was over, holds
/// the lock no longer than the server needs to notice.
const LOCK: &str = "SET client_connection_check_interval = '1s'; SELECT pg_advisory_lock(7246107)";

/// Applies what is not applied yet.
pub(crate) async fn apply(client: &mut Client) -> Result<Report, MigrateError> {
    client.batch_execute(LOCK).await.map_err(|error| MigrateError::Connect(error.into()))?;
    let runner = embedded::migrations::runner();
    let newest = runner.get_migrations().iter().max().map(ToString::to_string);
    let report = runner.run_async(client).await.map_err(|error| MigrateError::Failed(error.to_string()))?;
    let applied = report.applied_migrations().iter().map(ToString::to_string).collect();
    Ok(Report { applied, version: newest, logins: Vec::new() })
}
