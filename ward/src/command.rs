//! What the operator's commands have in common: where their settings come from, and how they fail.

use std::path::PathBuf;

use clap::Args;
use shared::StartError;
use shared::config::{ConfigError, Lookup, Settings};
use shared::data::DbError;
use shared::http::Problem;
use shared::vault::VaultError;

use crate::env_file;

/// Where a command finds its settings beside the environment.
#[derive(Args, Debug)]
pub struct SettingsFile {
    /// Read settings from this file first, such as the .ward/env of a running `ward dev`
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

impl SettingsFile {
    /// The settings of the file, then of the environment.
    ///
    /// # Errors
    /// [`CommandError`] that says which line or setting to mend.
    pub fn settings(self, environment: &Lookup) -> Result<Settings, CommandError> {
        let file = self.env_file.map(env_file::read).transpose()?.unwrap_or_default();
        Ok(Settings::from_lookup(&|name: &str| file.get(name).cloned().or_else(|| environment(name)))?)
    }
}

/// The command failed; its text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A file can't be read.
    #[error("{0} can't be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of it is not a setting.
    #[error("line {line} of {0} is not NAME=value", path.display())]
    EnvLine {
        /// The file.
        path: PathBuf,
        /// The line's number.
        line: usize,
    },
    /// A setting is wrong or missing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A part can't be used with its settings.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The database is older than this program.
    #[error("the database has not this version's schema: run `ward migrate` first")]
    Schema,
    /// The login sees the rows of nobody but the user it serves.
    #[error("the database login may not act as the tables' owner: use the one that `ward migrate` has")]
    Login,
    /// What was asked for was refused, or a part does not answer.
    #[error(transparent)]
    Refused(Problem),
    /// The vault or its keyring refused.
    #[error(transparent)]
    Vault(VaultError),
    /// The database refused, or does not answer.
    #[error(transparent)]
    Database(DbError),
    /// Some of many could not be done.
    #[error(
        "{done} done; {failed} could not be, the first because: {}. Run the command again: it goes on with what is left",
        described(first)
    )]
    InPart {
        /// How many could.
        done: u64,
        /// How many could not.
        failed: u64,
        /// Why the first could not.
        first: Box<CommandError>,
    },
    /// What was asked for does not go together with how things stand.
    #[error("{0}")]
    Unfit(String),
}

impl From<Problem> for CommandError {
    fn from(problem: Problem) -> Self {
        let cause = std::error::Error::source(&problem).and_then(|cause| cause.downcast_ref::<DbError>());
        if cause.is_some_and(is_old_schema) { Self::Schema } else { Self::Refused(problem) }
    }
}

impl From<VaultError> for CommandError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Database(error) => error.into(),
            error => Self::Vault(error),
        }
    }
}

impl From<DbError> for CommandError {
    fn from(error: DbError) -> Self {
        match &error {
            DbError::Statement { sqlstate } if sqlstate == INSUFFICIENT_PRIVILEGE => Self::Login,
            error if is_old_schema(error) => Self::Schema,
            _ => Self::Database(error),
        }
    }
}

const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// Class 42: a table, column or function is not there, or not as it should be.
fn is_old_schema(error: &DbError) -> bool {
    matches!(error, DbError::Statement { sqlstate } if sqlstate.starts_with("42") && sqlstate != INSUFFICIENT_PRIVILEGE)
}

/// An error and its causes in one line.
pub fn described(error: &dyn std::error::Error) -> String {
    match error.source() {
        // A message that ends with its cause already would say it twice.
        Some(cause) if !error.to_string().ends_with(&cause.to_string()) => format!("{error}: {}", described(cause)),
        _ => error.to_string(),
    }
}
