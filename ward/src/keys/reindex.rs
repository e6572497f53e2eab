//! `ward keys reindex`.

use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use shared::data::Db;
use shared::vault::reindex::{self, Indexed, Phase};
use shared::vault::{MAX_AGE, SYSTEM};
use uuid::Uuid;

use super::Work;
use super::each::{Each, PAGE};
use crate::command::{CommandError, described};

/// Beyond the life of what functions keep, for clocks that differ.
const MARGIN: Duration = Duration::from_secs(15);

#[derive(Args, Debug)]
pub struct Reindex {
    /// Don't wait for the functions: none of them runs. Refused while any is connected to the database
    #[arg(long)]
    stopped: bool,
    /// With --stopped: also while some are connected, which find nothing by the old indexes for up to 5 minutes
    #[arg(long, requires = "stopped")]
    force: bool,
}

pub async fn run(work: &Work, options: Reindex) -> Result<(), CommandError> {
    let db = &work.db;
    if options.stopped && !options.force && reindex::others_are_connected(db).await? {
        return Err(CommandError::Unfit(
            "functions are connected to the database: leave --stopped away, and they go on meanwhile".into(),
        ));
    }
    if let Phase::Settled { current } = reindex::phase(db).await? {
        let next = next_version(work, current).await?;
        reindex::announce(db, next, work.platform.now()).await?;
        eprintln!("Version {next} of the system's key is to make the blind indexes.");
    }
    if let Phase::Announced { since, .. } = reindex::phase(db).await? {
        wait(work, since, options.stopped, "until all functions look for both indexes").await;
        reindex::switch(db, work.platform.now()).await?;
    }
    if let Phase::Switched { current, since } = reindex::phase(db).await? {
        wait(work, since, options.stopped, "until all functions write the new index").await;
        // What this process knows of the keys may be as old as theirs.
        work.platform.vault.forget_index_keys().await;
        let mut all = 0;
        let indexes = auth::reindex::indexes().into_iter().chain(chat::reindex::indexes());
        for indexed in indexes.chain(storage::reindex::indexes()) {
            all += renew(work, db, indexed.as_ref(), current).await?;
        }
        reindex::retire(db, work.platform.now()).await?;
        println!("{all} indexes made anew, under version {current}");
    }
    Ok(())
}

/// The version to go to: a newer one where there is one, otherwise one made now.
async fn next_version(work: &Work, current: i16) -> Result<i16, CommandError> {
    let newest = reindex::newest_version(&work.db).await?;
    if newest > current {
        return Ok(newest);
    }
    work.operator()?.rotate(SYSTEM, work.platform.now()).await?;
    Ok(reindex::newest_version(&work.db).await?)
}

async fn wait(work: &Work, since: Timestamp, stopped: bool, what: &'static str) {
    let gone = work.platform.now().duration_since(since).unsigned_abs();
    let left = (MAX_AGE + MARGIN).saturating_sub(gone).as_secs();
    if stopped || left == 0 {
        return;
    }
    eprintln!("Waiting {left} s, {what}. To stop is safe: the next run goes on from here.");
    let style = ProgressStyle::with_template("{bar:40} {eta} left");
    let bar = ProgressBar::new(left).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    for _ in 0..left {
        tokio::time::sleep(Duration::from_secs(1)).await;
        bar.inc(1);
    }
    bar.finish_and_clear();
}

async fn renew(work: &Work, db: &Db, indexed: &dyn Indexed, current: i16) -> Result<u64, CommandError> {
    let statements = indexed.statements();
    let mut each = Each::new(statements.table, statements.how_many(db, current).await?);
    let mut after: Option<Uuid> = None;
    loop {
        let page = statements.page(db, current, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        each.page(page, async |row| {
            let renewed = indexed.renew(&work.platform, db, &row).await;
            renewed.map_err(|problem| {
                let (table, id, cause) = (statements.table, row.id, described(&problem));
                CommandError::Unfit(format!("{cause} ({table} {id})"))
            })
        })
        .await;
    }
    each.end()
}
