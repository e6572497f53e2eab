//! The `ward` command.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use shared::Platform;
use ward::command::{SettingsFile, described};
use ward::{dev, keys, operator, secrets, user};

/// Ward: the production backend of an app that holds health data.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_long_help = WHERE)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole product on this machine
    #[command(long_about = DEV_ABOUT, after_long_help = DEV_EXAMPLES)]
    Dev(Dev),
    /// Do once what is otherwise done on a schedule
    #[command(long_about = MAINTAIN_ABOUT)]
    Maintain(SettingsFile),
    /// Bring a database's schema up to date
    #[command(long_about = MIGRATE_ABOUT, after_long_help = MIGRATE_EXAMPLES)]
    Migrate,
    /// Print the API's description, as openapi/ward.json holds it
    Openapi,
    /// Make a key that signs access tokens
    #[command(long_about = TOKEN_KEY_ABOUT, after_long_help = TOKEN_KEY_EXAMPLES)]
    TokenKey(TokenKey),
    /// Rotate, wrap anew, revoke and count the users' data keys
    #[command(long_about = keys::ABOUT, after_long_help = keys::EXAMPLES)]
    Keys(keys::Keys),
    /// Make users and change their roles, from this machine
    #[command(long_about = user::ABOUT, after_long_help = user::EXAMPLES)]
    User(user::User),
    /// Give the secrets of a deployed stack their values
    #[command(long_about = secrets::ABOUT, after_long_help = secrets::EXAMPLES)]
    Secrets(secrets::Secrets),
}

const WHERE: &str = "\
On your machine `ward dev` is the whole product. Of a deployed stack, `ward secrets` runs on your machine, too; what needs
the database runs in the stack's operator function, which takes the same words:

  aws lambda invoke --function-name ward-prod-operator --cli-binary-format raw-in-base64-out \\
      --payload '{\"args\": [\"user\", \"create\", \"--admin\", \"grace\"]}' /dev/stdout";

const DEV_ABOUT: &str = "\
Run the whole product on this machine: the API under /api, the page under /.

Nothing has to run before. PostgreSQL starts privately in the data folder; a key file stands in for KMS, a cache in
this process for Redis, a small built-in model for a paid provider, and an outbox, shown at /outbox, for email and SMS.
Each real part takes over when its setting is there:

  DATABASE_URL    PostgreSQL
  REDIS_URL       Redis or Valkey
  KMS_KEY_ID      AWS KMS
  FILES_BUCKET    S3, encrypted under the KMS key FILES_KEY_ID
  OPENAI_API_KEY  OpenAI, or with OPENAI_BASE_URL another provider that speaks its protocol
  WARD_EMAIL      ses, smtp, or both in the order to try
  WARD_SMS        sns, africastalking, twilio, or several";

const DEV_EXAMPLES: &str = "\
Examples:
  cargo ward dev
      Everything on http://localhost:9000, the data in .ward

  cargo ward dev --port 9001 --data-dir .ward-two
      A second one beside it

  cargo ward dev --reset
      Delete the data and start afresh

  OPENAI_API_KEY=... OPENAI_MODEL=gpt-4o-mini cargo ward dev
      Chat with a real model

  cargo lambda watch --ignore-changes --env-file .ward/env
      The functions one by one, on the data of a running `cargo ward dev`";

const MIGRATE_ABOUT: &str = "\
Bring a database's schema up to date: apply the files of migrations/ that it doesn't have yet, each in a transaction.

The database is the one DATABASE_URL names, or the one whose credentials are in the Secrets Manager secret
DATABASE_SECRET_ID. The role has to own the schema. `ward dev` does this by itself for the database it runs on.

DATABASE_LOGINS names logins to be made then, with the role each works as: ward_app for the functions that answer requests,
ward_maintenance for the maintenance function. Making them takes CREATEROLE. On Amazon RDS they sign in by IAM only;
elsewhere a new one has no password.";

const MIGRATE_EXAMPLES: &str = "\
Examples:
  DATABASE_URL=postgres://owner@db.internal/ward cargo ward migrate
  DATABASE_URL='host=/run/postgresql user=owner dbname=ward' cargo ward migrate
  DATABASE_LOGINS=ward_auth:ward_app,ward_maintenance_login:ward_maintenance DATABASE_URL=... cargo ward migrate";

const MAINTAIN_ABOUT: &str = "\
Do once what the maintenance function does on a schedule: erase the accounts whose deletion is due, forget former versions and
deleted keys whose time is over, sweep uploads that nobody finished and objects without a file, have files scanned that still
wait for it. What was done is printed as JSON.

It needs the settings of the storage function. `ward dev` does this every minute by itself.";

const TOKEN_KEY_ABOUT: &str = "\
Make a key that signs access tokens: print a JWK Set with a new private key on P-256, for ES256.

The auth function takes the set from WARD_TOKEN_KEYS, or from the Secrets Manager secret that
WARD_TOKEN_KEYS_SECRET_ID names. Whoever has it can be any user, so it goes from here straight into the secret. The
public halves are served at /.well-known/jwks.json. `ward dev` makes a set of its own.

To rotate, print the set anew with --add: the new key stands first, the old ones stay. Auth reads the secret again
within five minutes and publishes the new key at once; five minutes later, when everybody who checks tokens knows it,
it signs. From then on an old key can be taken out of the set: what it has signed is taken for one more hour.

A key that leaked goes out of the set at once, and after five minutes, when nobody publishes it any more:
  UPDATE token_keys SET retired_at = 'epoch' WHERE kid = '...'
Within five minutes more nothing it has signed is taken.";

const TOKEN_KEY_EXAMPLES: &str = "\
Examples:
  ward secrets init --env prod --only auth/token-keys
      The first key, into the secret of a deployed stack

  aws secretsmanager get-secret-value --secret-id ward/prod/auth/token-keys --query SecretString --output text |
      ward token-key --add - |
      aws secretsmanager put-secret-value --secret-id ward/prod/auth/token-keys --secret-string file:///dev/stdin
      A rotation";

#[derive(Args)]
struct TokenKey {
    /// Put the new key before those of this set; - reads it from the standard input
    #[arg(long, value_name = "FILE")]
    add: Option<PathBuf>,
}

#[derive(Args)]
struct Dev {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// Address to listen on. Another than this machine's own opens it to the network: only inside a container
    ///
    /// The local parts are for development: the outbox shows every link and code to whoever opens it, and nothing is
    /// encrypted on the way. Take 0.0.0.0 in a container alone, whose port is published to 127.0.0.1.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    host: IpAddr,
    /// Folder with a page that is built already, to serve in place of web/
    #[arg(long, value_name = "FOLDER")]
    page: Option<PathBuf>,
    /// Folder for the database, the key and the settings
    #[arg(long, default_value = ".ward", value_name = "FOLDER")]
    data_dir: PathBuf,
    /// Delete the data in the folder first
    #[arg(long)]
    reset: bool,
    /// What to log: a level, or levels by target such as warn,chat=debug
    #[arg(long, default_value = "warn", value_name = "FILTER")]
    log: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    if operator::is_on_lambda() {
        return exit_code(operator::run(Cli::command()).await.map_err(|error| -> Box<dyn Error> { error }));
    }
    let ended = match Cli::parse().command {
        Command::Dev(options) => run_dev(options).await,
        Command::Maintain(file) => maintain(file).await,
        Command::Migrate => migrate().await,
        Command::Openapi => ward::openapi::json().map(|json| println!("{json}")).map_err(Into::into),
        Command::TokenKey(options) => token_key(options.add.as_deref()),
        Command::Keys(options) => run_keys(options).await,
        Command::User(options) => run_user(options).await,
        Command::Secrets(options) => secrets::run(options).await.map_err(Into::into),
    };
    exit_code(ended)
}

fn exit_code(ended: Result<(), Box<dyn Error>>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", described(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run_dev(options: Dev) -> Result<(), Box<dyn Error>> {
    shared::telemetry::init(&options.log);
    let Dev { host, port, page, data_dir, reset, log: _ } = options;
    let options = dev::Options { host, port, page, data_dir, reset };
    let run = dev::run(options, shared::config::environment().await?);
    Ok(Box::pin(run).await?)
}

async fn maintain(file: SettingsFile) -> Result<(), Box<dyn Error>> {
    shared::telemetry::init("warn");
    let settings = file.settings(&shared::config::environment().await?)?;
    Ok(Box::pin(ward::erasure::maintain(Platform::connect(settings).await?)).await?)
}

async fn run_keys(options: keys::Keys) -> Result<(), Box<dyn Error>> {
    let run = keys::run(options, shared::config::environment().await?);
    Ok(Box::pin(run).await?)
}

async fn run_user(options: user::User) -> Result<(), Box<dyn Error>> {
    let run = user::run(options, shared::config::environment().await?);
    Ok(Box::pin(run).await?)
}

fn token_key(add: Option<&Path>) -> Result<(), Box<dyn Error>> {
    println!("{}", *ward::token_key::print(add)?);
    Ok(())
}

async fn migrate() -> Result<(), Box<dyn Error>> {
    let report = Box::pin(migrate::by_settings()).await?;
    for name in &report.applied {
        println!("applied {name}");
    }
    println!("the schema is at {}", report.version.as_deref().unwrap_or("its beginning"));
    for login in &report.logins {
        println!("{login}");
    }
    Ok(())
}
