//! `ward secrets`: the values of a deployed stack's secrets.

mod ask;
mod error;
mod help;
mod init;
mod lines;
mod names;
mod store;
mod table;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

pub use error::SecretsError;
pub use help::{ABOUT, EXAMPLES};
pub use names::metrics_token;

use names::Secret;
use store::Store;

/// What `ward secrets` is asked for.
#[derive(Args, Debug)]
pub struct Secrets {
    #[command(flatten)]
    stack: Stack,
    #[command(subcommand)]
    command: Command,
}

/// Which stack.
#[derive(Args, Debug)]
struct Stack {
    /// The environment: `WardEnv` of the stack
    #[arg(long, global = true, value_parser = ["dev", "staging", "prod"], default_value = "dev")]
    env: String,
    /// The application: `WardApp` of the stack
    #[arg(long, global = true, default_value = "ward", value_name = "NAME")]
    app: String,
    /// The region; without it `AWS_REGION` or the profile's
    #[arg(long, global = true)]
    region: Option<String>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Store values: made here, or asked for without showing them
    #[command(long_about = help::INIT_ABOUT, after_long_help = help::INIT_EXAMPLES)]
    Init(Init),
    /// Show which have a value and when it was stored; no values
    Status,
}

#[derive(Args, Debug)]
struct Init {
    /// Only this one; several times for several
    #[arg(long, value_name = "NAME", value_parser = secret())]
    only: Vec<&'static Secret>,
    /// Ask for another value of this one, too, though it has one
    #[arg(long, value_name = "NAME", value_parser = secret())]
    replace: Vec<&'static Secret>,
    /// Take values from lines of NAME=VALUE on the standard input, make the others, and ask nothing
    #[arg(long)]
    from_stdin: bool,
}

fn secret() -> impl TypedValueParser<Value = &'static Secret> {
    let names = names::ALL.iter().map(|secret| secret.name);
    PossibleValuesParser::new(names).try_map(|name| Secret::named(&name).ok_or("no such secret"))
}

/// Runs the command. What there is goes to standard output, what it asks and explains to standard error.
///
/// # Errors
/// [`SecretsError`].
pub async fn run(secrets: Secrets) -> Result<(), SecretsError> {
    let Stack { env, app, region } = secrets.stack;
    let store = Store::open(&app, &env, region).await?;
    match secrets.command {
        Command::Status => print!("{}", table::of(&store.all().await?)),
        Command::Init(options) => init::run(&store, &env, &options).await?,
    }
    Ok(())
}
