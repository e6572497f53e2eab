//! `ward keys rewrap`.

use std::sync::Arc;

use clap::Args;
use shared::config::KeyringSetting;
use shared::vault::{KeyOperator, Keyring};

use super::Work;
use super::each::{Each, PAGE};
use crate::command::CommandError;

#[derive(Args, Debug)]
pub struct Rewrap {
    /// The KMS key to wrap under: id, ARN or alias; or file: and the path of a key file. Without it, what the settings name
    #[arg(long, value_name = "KEY")]
    to: Option<String>,
}

pub async fn run(work: &Work, options: Rewrap) -> Result<(), CommandError> {
    let setting =
        options.to.map_or_else(|| work.platform.settings.keyring.current.clone(), |name| KeyringSetting::parse(&name));
    let (name, everywhere) = match &setting {
        KeyringSetting::Kms(id) => (id.clone(), format!("set KMS_KEY_ID to {id} everywhere")),
        KeyringSetting::File(path) => {
            let path = path.display();
            (format!("file:{path}"), format!("set WARD_KEY_FILE to {path} everywhere, and no KMS_KEY_ID"))
        }
    };
    let unfit = |error: &dyn std::error::Error| CommandError::Unfit(format!("{name} can't wrap keys: {error}"));
    let target = shared::keyring(&setting).await.map_err(|error| unfit(&error))?;
    let target_id = target.describe().await.map_err(|error| unfit(&error))?;
    eprintln!("Wrapping under {target_id}");
    let operator = work.operator()?;
    let count = all(&operator, &target, &target_id).await?;
    println!("{count} wrapped anew");
    let left = operator.how_many_to_rewrap(&target_id).await?;
    if left > 0 {
        return Err(CommandError::Unfit(format!(
            "{left} keys were made or changed meanwhile by functions with other settings: {everywhere}, and run the command again"
        )));
    }
    if work.platform.settings.keyring.current != setting {
        eprintln!("New keys are still wrapped by the key of the settings: {everywhere}.");
    }
    Ok(())
}

async fn all(operator: &KeyOperator<'_>, target: &Arc<dyn Keyring>, target_id: &str) -> Result<u64, CommandError> {
    let sources = operator.sources().await?;
    let mut each = Each::new("wrapping", operator.how_many_to_rewrap(target_id).await?);
    let mut after = None;
    loop {
        let page = operator.to_rewrap(target_id, after, PAGE).await?;
        let Some((subject, version, _)) = page.last() else { break };
        after = Some((*subject, *version));
        each.page(page, async |key| Ok(operator.rewrap(target.as_ref(), target_id, &sources, &key).await.map(drop)?))
            .await;
    }
    each.end()
}
