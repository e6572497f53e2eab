//! `ward keys tombstones` and `ward keys replay-tombstones`.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use clap::Args;
use shared::vault::VaultError;
use shared::vault::erasure::{self as vault, KeptTombstone, Tombstone};
use uuid::Uuid;

use super::Work;
use super::each::{Each, PAGE};
use crate::command::CommandError;
use crate::erasure;

#[derive(Args, Debug)]
pub struct Replay {
    /// A file that `ward keys tombstones` has written; - reads it from the standard input. Without it, the object store
    file: Option<PathBuf>,
    /// Erase them; without it, only say how many there are
    #[arg(long)]
    yes: bool,
}

pub async fn print(work: &Work) -> Result<(), CommandError> {
    let mut after: Option<Uuid> = None;
    loop {
        let page = vault::tombstones(&work.db, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.subject);
        for tombstone in &page {
            let kept = KeptTombstone::of(&work.platform.vault, &work.platform.db, *tombstone).await?;
            println!("{}", serde_json::json!(kept));
        }
    }
    Ok(())
}

pub async fn replay(work: &Work, options: Replay) -> Result<(), CommandError> {
    let kept = match (options.file, erasure::objects(&work.platform)) {
        (Some(file), _) => read(file)?,
        (None, Some(objects)) => maintenance::tombstones(&objects).await?,
        (None, None) => {
            return Err(CommandError::Unfit("set FILES_BUCKET or FILES_DIR, or name a file of tombstones".into()));
        }
    };
    let tombstones = proved(work, &kept).await?;
    let subjects: Vec<_> = tombstones.iter().map(|tombstone| tombstone.subject).collect();
    let mut risen = HashSet::new();
    for page in subjects.chunks(1_000) {
        risen.extend(vault::risen(&work.db, page).await?);
    }
    let all = tombstones.len();
    let again: Vec<_> = tombstones.into_iter().filter(|tombstone| risen.contains(&tombstone.subject)).collect();
    if !options.yes {
        println!("{} of {all} are to be erased again", again.len());
        if !again.is_empty() {
            eprintln!("Nothing was done yet: add --yes to erase them.");
        }
        return Ok(());
    }
    let mut each = Each::new("erasing", i64::try_from(again.len()).unwrap_or(i64::MAX));
    each.page(again, async |tombstone| erasure::erase(&work.platform, &work.db, tombstone).await.map(drop)).await;
    println!("{} of {all} erased again", each.end()?);
    Ok(())
}

/// The tombstones Ward made. One that it did not is no reason to erase nobody, but one to stop and look.
async fn proved(work: &Work, kept: &[KeptTombstone]) -> Result<Vec<Tombstone>, CommandError> {
    let mut tombstones = Vec::with_capacity(kept.len());
    for tombstone in kept {
        let proved = tombstone.proved(&work.platform.vault, &work.platform.db).await;
        tombstones.push(proved.map_err(|error| match error {
            VaultError::Rejected => CommandError::Unfit(
                "a tombstone was not made by Ward with this application's keys, so nobody was erased. Look who can write where \
                 they are kept; WARD_APP, WARD_ENV and the keyring have to be those of the functions"
                    .into(),
            ),
            error => error.into(),
        })?);
    }
    Ok(tombstones)
}

fn read(path: PathBuf) -> Result<Vec<KeptTombstone>, CommandError> {
    let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        match File::open(&path) {
            Ok(file) => Box::new(BufReader::new(file)),
            Err(source) => return Err(CommandError::File { path, source }),
        }
    };
    let mut tombstones = Vec::new();
    for (at, line) in reader.lines().enumerate() {
        let line = line.map_err(|source| CommandError::File { path: path.clone(), source })?;
        if line.trim().is_empty() {
            continue;
        }
        let unfit = |_| CommandError::Unfit(format!("line {} of {} is no tombstone", at + 1, path.display()));
        tombstones.push(serde_json::from_str(&line).map_err(unfit)?);
    }
    Ok(tombstones)
}
