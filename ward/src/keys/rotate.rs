//! `ward keys rotate`.

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use shared::vault::VaultError;
use uuid::Uuid;

use super::Work;
use super::each::{Each, PAGE};
use crate::command::CommandError;

#[derive(Args, Debug)]
pub struct Rotate {
    /// Only this user: username or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only keys made at least so many days ago
    #[arg(long, value_name = "DAYS", default_value_t = 0, conflicts_with = "user")]
    older_than: u16,
}

pub async fn run(work: &Work, options: Rotate) -> Result<(), CommandError> {
    let now = work.platform.now();
    if let Some(user) = options.user {
        let user = work.user(&user).await?;
        let version = work.operator()?.rotate(user, now).await.map_err(|error| match error {
            VaultError::Rejected => CommandError::Unfit("this user has no data key yet".into()),
            VaultError::Revoked => CommandError::Unfit("this user was erased".into()),
            error => error.into(),
        })?;
        println!("version {version}");
    } else {
        let cutoff = now - SignedDuration::from_hours(24 * i64::from(options.older_than));
        let count = everybody(work, now, cutoff).await?;
        println!("{count} rotated");
    }
    eprintln!("Functions that run already seal with the new keys within 5 minutes. What is sealed stays as it is.");
    Ok(())
}

async fn everybody(work: &Work, now: Timestamp, cutoff: Timestamp) -> Result<u64, CommandError> {
    let operator = work.operator()?;
    let mut each = Each::new("rotating", operator.how_many_to_rotate(cutoff).await?);
    let mut after: Option<Uuid> = None;
    loop {
        let page = operator.to_rotate(cutoff, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        each.page(page, async |subject| Ok(operator.rotate(subject, now).await.map(drop)?)).await;
    }
    each.end()
}
