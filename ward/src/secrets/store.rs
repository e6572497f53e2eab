//! The secrets in AWS Secrets Manager: which are there, which have a value, and a new value.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Region;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretError;
use aws_sdk_secretsmanager::primitives::DateTime;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::error::SecretsError;
use super::names::{self, Secret};

/// What Secrets Manager calls the version that is read.
const CURRENT: &str = "AWSCURRENT";

/// The secrets of one stack.
pub struct Store {
    client: Client,
    /// `<app>/<env>`
    pub prefix: String,
    /// Where they are.
    pub region: String,
}

/// How a secret stands.
#[derive(Debug)]
pub struct State {
    /// Which.
    pub secret: &'static Secret,
    /// Its whole name.
    pub name: String,
    /// The account it is in, where it is.
    pub account: Option<String>,
    /// Whether it is there, and has a value.
    pub held: Held,
}

/// Whether there is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// There is no such secret.
    Absent,
    /// It is on its way to be deleted, and can be neither read nor written.
    Deleted,
    /// It has no value yet.
    Empty,
    /// It has one, stored at that time where that is known.
    Since(Option<Timestamp>),
}

impl Store {
    /// The secrets of an application in an environment.
    pub async fn open(app: &str, env: &str, region: Option<String>) -> Result<Self, SecretsError> {
        let config = shared::aws::sdk_config().await;
        let region = region.map(Region::new).or_else(|| config.region().cloned()).ok_or(SecretsError::NoRegion)?;
        let config = config.to_builder().region(region.clone()).build();
        Ok(Self { client: Client::new(&config), prefix: format!("{app}/{env}"), region: region.to_string() })
    }

    /// How these stand.
    pub async fn states(&self, secrets: &[&'static Secret]) -> Result<Vec<State>, SecretsError> {
        try_join_all(secrets.iter().map(|secret| self.state(secret))).await
    }

    /// How all stand.
    pub async fn all(&self) -> Result<Vec<State>, SecretsError> {
        self.states(&names::ALL.iter().collect::<Vec<_>>()).await
    }

    async fn state(&self, secret: &'static Secret) -> Result<State, SecretsError> {
        let name = format!("{}/{}", self.prefix, secret.name);
        let found = match self.client.describe_secret().secret_id(&name).send().await {
            Ok(found) => found,
            Err(error) => {
                let absent = error.as_service_error().is_some_and(DescribeSecretError::is_resource_not_found_exception);
                let absence = State { secret, name: name.clone(), account: None, held: Held::Absent };
                return if absent { Ok(absence) } else { Err(SecretsError::aws("look at", &name, &error)) };
            }
        };
        let versions = found.version_ids_to_stages();
        let has_value =
            versions.is_some_and(|all| all.values().any(|stages| stages.iter().any(|stage| stage == CURRENT)));
        let held = match (found.deleted_date(), has_value) {
            (Some(_), _) => Held::Deleted,
            (None, false) => Held::Empty,
            (None, true) => Held::Since(self.changed(&name).await?),
        };
        // arn:aws:secretsmanager:us-east-1:123456789012:secret:...
        let account = found.arn().and_then(|arn| arn.split(':').nth(4)).map(str::to_owned);
        Ok(State { secret, name, account, held })
    }

    /// When the value was stored. The secret's own date also moves with its tags and its policy.
    async fn changed(&self, name: &str) -> Result<Option<Timestamp>, SecretsError> {
        let answer = self.client.list_secret_version_ids().secret_id(name).send().await;
        let answer = answer.map_err(|error| SecretsError::aws("look at the versions of", name, &error))?;
        let current =
            answer.versions().iter().find(|version| version.version_stages().iter().any(|stage| stage == CURRENT));
        let stored = current.and_then(|version| version.created_date()).map(DateTime::secs);
        Ok(stored.and_then(|seconds| Timestamp::from_second(seconds).ok()))
    }

    /// Gives a secret a value.
    pub async fn put(&self, name: &str, value: &Zeroizing<String>) -> Result<(), SecretsError> {
        let put = self.client.put_secret_value().secret_id(name).secret_string(value.as_str()).send().await;
        put.map(drop).map_err(|error| SecretsError::aws("store", name, &error))
    }
}

impl State {
    /// Whether it can be written to.
    pub fn is_there(&self) -> bool {
        matches!(self.held, Held::Empty | Held::Since(_))
    }

    /// Whether it has a value.
    pub fn has_value(&self) -> bool {
        matches!(self.held, Held::Since(_))
    }

    /// Whether the stack can't work as it is set up without something being done about it.
    pub fn is_missing(&self) -> bool {
        match self.held {
            Held::Absent => self.secret.always,
            Held::Deleted | Held::Empty => true,
            Held::Since(_) => false,
        }
    }
}
