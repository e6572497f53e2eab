//! Why `ward secrets` does not go on.

use std::io;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use shared::clock::NoEntropy;

/// The command failed; its text says what to do. It never holds a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The stack is not there, or another one.
    #[error(
        "there is no secret {prefix}/... in {region}: deploy the stack first with `sam deploy --config-env {env}`, or look \
         whether --app, --region and the credentials are those of the stack"
    )]
    NotDeployed {
        /// What the names begin with.
        prefix: String,
        /// Where it was looked.
        region: String,
        /// The environment.
        env: String,
    },
    /// One was asked for by its name and is not there.
    #[error("there is no secret {0}: `sam deploy` makes it where the stack's parameters ask for it")]
    NotThere(String),
    /// One was given that is not to be touched.
    #[error("the standard input gives {0}, which is not among --only")]
    NotChosen(&'static str),
    /// It has a value, which nobody asked to be replaced.
    #[error("{name} has a value already: add --replace {short} to put another in its place")]
    HasValue {
        /// Its name.
        name: String,
        /// The name without app and environment.
        short: &'static str,
    },
    /// AWS refused, or did not answer.
    #[error("could not {action} {name}: {why}")]
    Aws {
        /// What was tried.
        action: &'static str,
        /// On which secret.
        name: String,
        /// Its code, or what to look at.
        why: String,
    },
    /// No region is known.
    #[error("say which region: --region us-east-1, or AWS_REGION")]
    NoRegion,
    /// Nobody can be asked.
    #[error(
        "there is no terminal to ask at: run this at one, or add --from-stdin and give lines of NAME=VALUE on the standard \
         input (`ward secrets init --help`)"
    )]
    NoTerminal,
    /// Ctrl-C was pressed.
    #[error("broken off; what was stored by then stays")]
    BrokenOff,
    /// The terminal or the standard input refused.
    #[error("could not {0}: {1}")]
    Input(&'static str, #[source] io::Error),
    /// A line of the standard input can't be used.
    #[error("line {line} of the standard input: {why}")]
    Line {
        /// Its number.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The system gives no randomness.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl SecretsError {
    /// Of a call to AWS.
    pub fn aws<E: ProvideErrorMetadata, R>(action: &'static str, name: &str, error: &SdkError<E, R>) -> Self {
        let why = match error {
            SdkError::ServiceError(refused) => refused.err().code().unwrap_or("AWS refused").to_owned(),
            _ => "AWS did not answer, or there are no credentials for it. AWS_PROFILE names some; those of a single sign-on \
                  come by: eval \"$(aws configure export-credentials --format env)\""
                .to_owned(),
        };
        Self::Aws { action, name: name.to_owned(), why }
    }
}
