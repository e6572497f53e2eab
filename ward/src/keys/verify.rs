//! `ward keys verify`.

use super::Work;
use super::each::{Each, PAGE};
use crate::command::CommandError;

pub async fn run(work: &Work) -> Result<(), CommandError> {
    let operator = work.operator()?;
    let mut each = Each::new("opening", operator.how_many().await?);
    let mut after = None;
    loop {
        let page = operator.all(after, PAGE).await?;
        let Some((subject, version, _)) = page.last() else { break };
        after = Some((*subject, *version));
        each.page(page, async |key| {
            let opened = operator.verify(&key).await;
            opened.map_err(|error| CommandError::Unfit(format!("{error} (version {} of {})", key.1, key.0)))
        })
        .await;
    }
    println!("{} open by the keys of the settings alone", each.end()?);
    Ok(())
}
