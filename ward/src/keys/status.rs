//! `ward keys status`.

use super::Work;
use crate::command::CommandError;

pub async fn show(work: &Work) -> Result<(), CommandError> {
    let operator = work.operator()?;
    let status = operator.status().await?;
    println!("{:<9} {:>9}  {:<10}  wrapped by", "state", "keys", "oldest");
    for count in &status.counts {
        let oldest = count.oldest.strftime("%Y-%m-%d");
        let keyring = if count.keyring.is_empty() { "-" } else { &count.keyring };
        let second = count.second.as_ref().map(|second| format!(" and {second}")).unwrap_or_default();
        println!("{:<9} {:>9}  {oldest}  {keyring}{second}", count.state, count.count);
    }
    println!();
    for (version, state) in &status.indexes {
        println!("blind indexes: version {version} is {state}");
    }
    println!("erased users: {}", status.tombstones);
    let current = work.platform.vault.keyrings().current().describe().await?;
    let left = operator.how_many_to_rewrap(&current).await?;
    if left > 0 {
        eprintln!(
            "{left} keys are not wrapped by {current} and the second key as the settings say. `ward keys rewrap` does so, where the \
             settings name what wraps them now, too."
        );
    }
    Ok(())
}
