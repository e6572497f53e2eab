//! Erasing users, and the tombstones that a restored database replays.

use std::collections::HashSet;

use shared::Platform;
use shared::data::{Db, Statements};
use shared::http::Problem;
use shared::identity::RequestMeta;
use shared::ledger::AuditEntry;
use shared::objects::Objects;
use shared::vault::erasure::{self, KeptTombstone, Tombstone};
use uuid::Uuid;

use crate::{App, Report};

/// Where tombstones are in the object store, beside the database and its backups.
const TOMBSTONES: &str = "tombstones/";
/// Accounts asked for at once.
const PAGE: i32 = 100;
/// Bytes that no tombstone has.
const LONGEST: u64 = 4096;

/// Erases every account whose deletion is due. One that can't be erased keeps nobody behind it from being erased.
pub(crate) async fn due(app: &App, request: RequestMeta, report: &mut Report) -> Result<(), Problem> {
    let platform = &app.platform;
    let mut failed = HashSet::new();
    loop {
        let most = PAGE + i32::try_from(failed.len()).unwrap_or(i32::MAX - PAGE);
        let sql = "SELECT due_account_deletions($1, $2)";
        let due = platform.db.unscoped().query(sql, &[&platform.now(), &most]).await?;
        let due: Vec<Uuid> = due.iter().map(|row| row.get(0)).filter(|user| !failed.contains(user)).collect();
        if due.is_empty() {
            return Ok(());
        }
        for user in due {
            let tombstone = Tombstone { subject: user, erased_at: platform.now() };
            let entry = AuditEntry::by_system(user, request, "account.erase", "users", platform.now()).resource(user);
            match erase(platform, app.storage.object_store(), &platform.db, entry, tombstone).await {
                Ok(_) => report.accounts_erased += 1,
                Err(problem) => {
                    problem.log();
                    report.failed += 1;
                    failed.insert(user);
                }
            }
        }
    }
}

/// Erases one user: the keys are shredded, then a tombstone goes into the object store, so that whatever a restore brings back
/// can be erased again, then the rows are deleted. The objects of files follow with the next sweep. Whether there was such a
/// user. `db` is a login that may act as the tables' owner, unless the user's own deletion is due; `entry` says who erases.
///
/// # Errors
/// Where it may not be, and nothing has happened; where a part gives no answer, and doing it again goes on.
pub async fn erase(
    platform: &Platform,
    objects: Option<&Objects>,
    db: &Db,
    entry: AuditEntry,
    tombstone: Tombstone,
) -> Result<bool, Problem> {
    // Before a tombstone is kept: one of somebody who may not be erased would have them erased after the next restore.
    let was_there = erasure::begin(db, entry, tombstone.erased_at).await?;
    platform.sessions.forget_user(tombstone.subject, i64::MAX).await;
    if let Some(objects) = objects {
        let kept = KeptTombstone::of(&platform.vault, &platform.db, tombstone).await?;
        let json = serde_json::to_vec(&kept).map_err(|_| Problem::internal("a tombstone has no JSON form"))?;
        objects.put(&format!("{TOMBSTONES}{}", tombstone.subject), json).await?;
    }
    erasure::finish(db, tombstone.subject).await?;
    Ok(was_there)
}

/// All tombstones in the object store. What they say is not proved yet.
///
/// # Errors
/// Where the store gives no answer, or holds something else in their place.
pub async fn tombstones(objects: &Objects) -> Result<Vec<KeptTombstone>, Problem> {
    let mut tombstones = Vec::new();
    for (key, length) in objects.list(TOMBSTONES).await? {
        if length > LONGEST {
            return Err(Problem::internal("an object among the tombstones is none"));
        }
        let json = objects.read_all(&key, length).await?;
        let tombstone = serde_json::from_slice(&json);
        tombstones.push(tombstone.map_err(|_| Problem::internal("an object among the tombstones is none"))?);
    }
    Ok(tombstones)
}
