//! `ward secrets init`.

use std::io::{IsTerminal, stdin};

use zeroize::Zeroizing;

use super::ask::Terminal;
use super::error::SecretsError;
use super::names::{self, Origin, Secret};
use super::store::{State, Store};
use super::{Init, lines, table};

/// Stores values, then says what is missing and what comes next.
pub async fn run(store: &Store, env: &str, options: &Init) -> Result<(), SecretsError> {
    if !options.from_stdin && !stdin().is_terminal() {
        return Err(SecretsError::NoTerminal);
    }
    let chosen: Vec<&'static Secret> =
        names::ALL.iter().filter(|secret| options.only.is_empty() || options.only.contains(secret)).collect();
    let states = store.all().await?;
    let Some(account) = states.iter().find_map(|state| state.account.as_deref()) else {
        return Err(SecretsError::NotDeployed {
            prefix: store.prefix.clone(),
            region: store.region.clone(),
            env: env.to_owned(),
        });
    };
    eprintln!("Secrets of {} in account {account}, {}:\n\n{}", store.prefix, store.region, table::of(&states));
    let absent = states.iter().find(|state| options.only.contains(&state.secret) && !state.is_there());
    if let Some(state) = absent {
        return Err(SecretsError::NotThere(state.name.clone()));
    }
    let open: Vec<_> = states.iter().filter(|state| chosen.contains(&state.secret) && state.is_there()).collect();
    if options.from_stdin {
        from_stdin(store, &states, &open, options).await?;
    } else {
        ask_for(store, &open, options).await?;
    }
    conclude(store, env).await
}

/// Asks for each and stores it at once, so that what was answered stays when the rest is broken off.
async fn ask_for(store: &Store, open: &[&State], options: &Init) -> Result<(), SecretsError> {
    let mut terminal = Terminal::open()?;
    for state in open.iter().filter(|state| wants_value(state, options)) {
        let (State { secret, name, .. }, replaces) = (state, state.has_value());
        if replaces && !terminal.confirm(&format!("{name} has a value: put another in its place?")).await? {
            continue;
        }
        let value = match secret.origin {
            Origin::Asked => terminal.value(secret, name).await?,
            _ if replaces => secret.generate()?,
            _ if terminal.confirm(&format!("{name}: make and store a new {}?", secret.what)).await? => {
                secret.generate()?
            }
            _ => None,
        };
        match value {
            Some(value) => put(store, name, &value).await?,
            None => eprintln!("  skipped"),
        }
    }
    Ok(())
}

fn wants_value(state: &State, options: &Init) -> bool {
    !state.has_value() || options.replace.contains(&state.secret)
}

/// Stores what the standard input gives, and makes what it does not; nothing where any of it can't be.
async fn from_stdin(store: &Store, states: &[State], open: &[&State], options: &Init) -> Result<(), SecretsError> {
    let given = lines::read(stdin().lock(), &store.prefix)?;
    for (secret, _) in &given {
        if !options.only.is_empty() && !options.only.contains(secret) {
            return Err(SecretsError::NotChosen(secret.name));
        }
        let state = states.iter().find(|state| state.secret == *secret);
        let state = state.filter(|state| state.is_there());
        let state = state.ok_or_else(|| SecretsError::NotThere(format!("{}/{}", store.prefix, secret.name)))?;
        if !wants_value(state, options) {
            return Err(SecretsError::HasValue { name: state.name.clone(), short: secret.name });
        }
    }
    for state in open.iter().filter(|state| wants_value(state, options)) {
        let held = given.iter().find(|(secret, _)| *secret == state.secret);
        let value: Option<Zeroizing<String>> = match held {
            Some((_, value)) => Some(value.clone()),
            None => state.secret.generate()?,
        };
        if let Some(value) = value {
            put(store, &state.name, &value).await?;
        }
    }
    Ok(())
}

async fn put(store: &Store, name: &str, value: &Zeroizing<String>) -> Result<(), SecretsError> {
    store.put(name, value).await?;
    println!("stored {name}");
    Ok(())
}

async fn conclude(store: &Store, env: &str) -> Result<(), SecretsError> {
    let states = store.all().await?;
    let missing: Vec<&str> =
        states.iter().filter(|state| state.is_missing()).map(|state| state.name.as_str()).collect();
    if !missing.is_empty() {
        eprintln!("\nStill without a value: {}. Run this again for them.", missing.join(", "));
        return Ok(());
    }
    let function = format!("{}-operator", store.prefix.replace('/', "-"));
    eprintln!(
        "\nEvery secret of {} has a value. Functions take it when they start anew; where some run already, put another Release\n\
         into samconfig.toml and deploy:\n\
         \n  sam build && sam deploy --config-env {env}\n\
         \nNext, the first administrator (docs/deploying.md):\n\
         \n  aws lambda invoke --function-name {function} --cli-binary-format raw-in-base64-out \\\n\
         \x20     --payload '{{\"args\": [\"user\", \"create\", \"--admin\", \"NAME\"]}}' /dev/stdout",
        store.prefix
    );
    Ok(())
}
