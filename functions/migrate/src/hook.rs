//! What CodeDeploy asks before it shifts traffic to new versions: are the database and they ready?

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::clock::Clock;
use shared::config;

use crate::aws::{Aws, AwsError};
use crate::{MigrateError, Report, trial};

/// Time that is kept for telling CodeDeploy: it waits an hour for a hook that says nothing.
const RESERVE: Duration = Duration::from_secs(20);
/// How often CodeDeploy is told before it counts as out of reach, and how long after each other.
const TELLINGS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// CodeDeploy's event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Hook {
    deployment_id: String,
    lifecycle_event_hook_execution_id: String,
}

/// What CodeDeploy was told.
#[derive(Debug, Serialize)]
#[serde(tag = "status")]
pub enum Verdict {
    /// Traffic may come.
    Succeeded(Report),
    /// It may not.
    Failed {
        /// Why, without anything of what was answered.
        because: String,
    },
}

/// CodeDeploy could not be told.
#[derive(Debug, thiserror::Error)]
#[error("CodeDeploy could not be told how the deployment's hook went: {0}")]
pub struct Untold(String);

/// Why no traffic may come.
#[derive(Debug, thiserror::Error)]
enum Obstacle {
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error("WARD_NEW_VERSIONS is empty: there is nothing to try")]
    NothingToTry,
    #[error("{0}")]
    Unfit(String),
    #[error("it panicked; the log says where")]
    Panicked,
    #[error("the function's time is nearly over")]
    OutOfTime,
}

impl Hook {
    /// The hook an event stands for; none where it is another's event.
    pub fn of(event: &Value) -> Option<Self> {
        let hook = Self::deserialize(event).ok()?;
        (!hook.deployment_id.is_empty() && !hook.lifecycle_event_hook_execution_id.is_empty()).then_some(hook)
    }

    /// Migrates, tries the new versions, and tells CodeDeploy how it went, within `left`.
    ///
    /// # Errors
    /// [`Untold`]: Lambda invokes the function again then, and all of it is done once more.
    pub async fn run(&self, left: Duration) -> Result<Verdict, Untold> {
        let aws = Aws::connect(Clock::system()).await.map_err(|error| Untold(error.to_string()))?;
        let (verdict, status) = match ended(Box::pin(make_ready(&aws)), left.saturating_sub(RESERVE)).await {
            Ok(report) => (Verdict::Succeeded(report), "Succeeded"),
            Err(obstacle) => {
                tracing::error!(error = %obstacle, "no traffic may come to the new versions");
                (Verdict::Failed { because: obstacle.to_string() }, "Failed")
            }
        };
        self.tell(&aws, status).await.map_err(|error| Untold(error.to_string()))?;
        tracing::info!(status, deployment = self.deployment_id, "told CodeDeploy");
        Ok(verdict)
    }

    async fn tell(&self, aws: &Aws, status: &str) -> Result<(), AwsError> {
        let mut tellings = 1;
        loop {
            let told = aws.put_status(&self.deployment_id, &self.lifecycle_event_hook_execution_id, status).await;
            if told.is_ok() || tellings == TELLINGS {
                return told;
            }
            tellings += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// How some work ended, whatever happened to it.
async fn ended<T>(work: impl Future<Output = Result<T, Obstacle>>, limit: Duration) -> Result<T, Obstacle> {
    match tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(done)) => done,
        Ok(Err(_panic)) => Err(Obstacle::Panicked),
        Err(_) => Err(Obstacle::OutOfTime),
    }
}

/// The database first: the new versions may need what the migrations make.
async fn make_ready(aws: &Aws) -> Result<Report, Obstacle> {
    let versions = config::deployment().map_err(MigrateError::from)?.versions;
    if versions.is_empty() {
        return Err(Obstacle::NothingToTry);
    }
    let report = crate::by_settings().await?;
    tracing::info!(applied = report.applied.len(), version = report.version, "migrated");
    let unfit = trial::try_all(aws, &versions).await;
    if unfit.is_empty() {
        return Ok(report);
    }
    let reasons: Vec<String> = unfit.iter().map(|(function, unfit)| format!("{function}: {unfit}")).collect();
    Err(Obstacle::Unfit(reasons.join("; ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn work_that_panics_or_never_ends_ends_in_time() {
        let limit = Duration::from_millis(1);
        let panics = async { panic!("marker") };
        assert!(matches!(ended::<()>(panics, limit).await, Err(Obstacle::Panicked)));
        assert!(matches!(ended::<()>(std::future::pending(), limit).await, Err(Obstacle::OutOfTime)));
        assert!(matches!(ended(async { Ok(7) }, limit).await, Ok(7)));
    }

    #[test]
    fn only_codedeploys_own_event_is_a_hook() {
        let hook = Hook::of(&json!({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e", "Combined": 1}));
        assert_eq!(hook.unwrap().lifecycle_event_hook_execution_id, "e");
        for other in [
            json!({}),
            json!(null),
            json!([]),
            json!("DeploymentId"),
            json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}),
            json!({"DeploymentId": "d-1"}),
            json!({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": 7}),
            json!({"DeploymentId": "", "LifecycleEventHookExecutionId": ""}),
        ] {
            assert!(Hook::of(&other).is_none(), "{other}");
        }
    }
}
