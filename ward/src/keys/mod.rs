//! `ward keys`: the users' data keys, from the machine's side.

mod each;
mod help;
mod reindex;
mod rewrap;
mod rotate;
mod status;
mod tombstones;
mod verify;

use clap::{Args, Subcommand};
use shared::Platform;
use shared::config::Lookup;
use shared::data::Db;
use shared::identity::RequestMeta;
use shared::vault::KeyOperator;
use uuid::Uuid;

use crate::command::{CommandError, SettingsFile};

pub use help::{ABOUT, EXAMPLES};

/// Keys worked on at once, each on a database connection of its own.
const AT_ONCE: usize = 8;

/// What `ward keys` is asked for.
#[derive(Args, Debug)]
pub struct Keys {
    #[command(flatten)]
    file: SettingsFile,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Show how many data keys there are, in which state, and what wraps them
    #[command(long_about = help::STATUS_ABOUT)]
    Status,
    /// Make new data keys, which seal from now on; the old ones only open
    #[command(long_about = help::ROTATE_ABOUT)]
    Rotate(rotate::Rotate),
    /// Wrap every data key anew, under another KMS key
    #[command(long_about = help::REWRAP_ABOUT, after_long_help = help::REWRAP_EXAMPLES)]
    Rewrap(rewrap::Rewrap),
    /// Open every data key by the current KMS key alone, and its second copy
    #[command(long_about = help::VERIFY_ABOUT)]
    Verify,
    /// Take a user's data keys out of use: nothing of theirs opens
    #[command(long_about = help::REVOKE_ABOUT)]
    Revoke(Whose),
    /// Put revoked data keys back into use
    Reinstate(Whose),
    /// Print who was erased, one JSON object a line, to be kept where backups are
    Tombstones,
    /// After a restore: erase again whom the backup still knows
    #[command(long_about = help::REPLAY_ABOUT, after_long_help = help::REPLAY_EXAMPLES)]
    ReplayTombstones(tombstones::Replay),
    /// Make the blind indexes anew, under a new key
    #[command(long_about = help::REINDEX_ABOUT)]
    Reindex(reindex::Reindex),
}

#[derive(Args, Debug)]
struct Whose {
    /// The user: username or id
    user: String,
    /// Only this version of the key
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,
}

/// Everything a command works with.
struct Work {
    app: auth::App,
    platform: Platform,
    /// On a login that sees everybody's rows.
    db: Db,
}

impl Work {
    fn operator(&self) -> Result<KeyOperator<'_>, CommandError> {
        let id = self.platform.new_id().map_err(|error| CommandError::Refused(error.into()))?;
        Ok(KeyOperator::new(&self.platform.vault, &self.db, RequestMeta { id, address: None }))
    }

    /// The id of a user by id or name.
    async fn user(&self, name: &str) -> Result<Uuid, CommandError> {
        match name.parse() {
            Ok(id) => Ok(id),
            Err(_) => Ok(auth::admin::find(&self.app, name).await?),
        }
    }
}

/// Runs the command on the database and the keyring of the settings. What it answers goes to standard output, what it explains
/// and how far it is to standard error.
///
/// # Errors
/// [`CommandError`].
pub async fn run(keys: Keys, environment: Lookup) -> Result<(), CommandError> {
    let settings = keys.file.settings(&environment)?;
    let platform = Platform::connect(settings).await?;
    let db = platform.operator_db(AT_ONCE)?;
    let work = Work { app: auth::App::new(platform.clone())?, platform, db };
    if !work.operator()?.sees_all().await? {
        return Err(CommandError::Login);
    }
    match keys.command {
        Command::Status => status::show(&work).await,
        Command::Rotate(options) => rotate::run(&work, options).await,
        Command::Rewrap(options) => rewrap::run(&work, options).await,
        Command::Verify => verify::run(&work).await,
        Command::Revoke(whose) => revoke(&work, whose, true).await,
        Command::Reinstate(whose) => revoke(&work, whose, false).await,
        Command::Tombstones => tombstones::print(&work).await,
        Command::ReplayTombstones(options) => tombstones::replay(&work, options).await,
        Command::Reindex(options) => reindex::run(&work, options).await,
    }
}

async fn revoke(work: &Work, whose: Whose, revoked: bool) -> Result<(), CommandError> {
    let user = work.user(&whose.user).await?;
    let now = work.platform.now();
    let count = work.operator()?.set_revoked(user, whose.version, revoked, now).await?;
    if count == 0 {
        let none =
            if revoked { "no such data key that is not revoked already" } else { "no such data key that is revoked" };
        return Err(CommandError::Unfit(format!("there is {none}")));
    }
    println!("{count} {}", if revoked { "revoked" } else { "reinstated" });
    eprintln!("Functions that run already follow within 5 minutes.");
    Ok(())
}
