//! Every setting, read once. Nothing else reads the environment.

mod account;
mod data;
mod delivery;
mod deployment;
mod files;
mod github;
mod keyrings;
mod metrics;
mod parse;
mod passwords;
#[cfg(feature = "secrets")]
mod secrets;
mod sign_in;
mod storage;
mod unread;
mod values;

use secrecy::SecretString;
use url::Url;

pub use account::AccountSettings;
pub use data::{CacheSettings, DatabaseAuth, DatabaseSettings};
pub use delivery::{AfricasTalking, Delivery, EmailProvider, SmsProvider, Twilio};
pub use deployment::{DatabaseLogin, Deployment, LoginName, LoginRole, NewVersion};
pub use files::{FilesSettings, FilesStore, Scanner};
pub use github::{GITHUB_CALLBACK, GitHub};
pub use keyrings::{KeyringSetting, KeyringSettings};
pub use parse::Lookup;
pub use passwords::Passwords;
pub use sign_in::{Registration, SignInSettings};
pub use storage::StorageLimits;
pub use unread::unread;
pub use values::check_value;

/// A setting is missing or can't be understood. Never holds the value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The setting has to be there.
    #[error("set {0}: {1}")]
    Missing(&'static str, &'static str),
    /// The setting's value is not of its form.
    #[error("{0} is not {1}")]
    Invalid(&'static str, &'static str),
    /// The secret store gave no answer, or one without the expected fields.
    #[error("the secret named by {0} could not be read: {1}")]
    Secret(&'static str, &'static str),
}

/// The OpenAI-compatible model provider that chat calls.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Base URL, up to and including the version, without a trailing slash (`OPENAI_BASE_URL`).
    pub base_url: String,
    /// Bearer key (`OPENAI_API_KEY`); the built-in model needs none.
    pub api_key: Option<SecretString>,
    /// Model asked for (`OPENAI_MODEL`).
    pub model: String,
    /// What a token costs.
    pub price: Price,
    /// Most tokens one answer may have (`WARD_MAX_ANSWER_TOKENS`).
    pub max_answer_tokens: u32,
}

/// Nano-dollars per token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Per token of the prompt.
    pub input: u64,
    /// Per token of the answer.
    pub output: u64,
}

impl Price {
    /// Nano-dollars for one call.
    pub fn cost(self, prompt_tokens: u64, completion_tokens: u64) -> u64 {
        self.input.saturating_mul(prompt_tokens).saturating_add(self.output.saturating_mul(completion_tokens))
    }
}

/// What one user may use in one UTC day.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Tokens, prompt and answer together (`WARD_DAILY_TOKENS`).
    pub tokens: u64,
    /// Calls (`WARD_DAILY_CALLS`).
    pub calls: u64,
}

/// How long a session lasts.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// Seconds without a request after which a session ends (`WARD_SESSION_IDLE_SECONDS`).
    pub idle_seconds: i64,
    /// Seconds after sign-in at which a session ends (`WARD_SESSION_ABSOLUTE_SECONDS`), at most 7 days.
    pub absolute_seconds: i64,
    /// Seconds for which a bearer session can be refreshed (`WARD_REFRESH_SECONDS`), at most 7 days.
    pub bearer_seconds: i64,
}

impl SessionLimits {
    /// Seconds after which no session of today lives.
    pub fn longest_seconds(self) -> i64 {
        self.absolute_seconds.max(self.bearer_seconds)
    }
}

/// How many requests one client may make in [`RateLimits::WINDOW_SECONDS`].
#[derive(Clone, Copy, Debug)]
pub struct RateLimits {
    /// Per address, for requests without a session (`WARD_LIMIT_ANONYMOUS`).
    pub anonymous: u64,
    /// Per signed-in user (`WARD_LIMIT_USER`).
    pub user: u64,
    /// Sign-in attempts per credential and address (`WARD_LIMIT_SIGN_IN`).
    pub sign_in: u64,
}

impl RateLimits {
    /// Length of a window: 15 minutes.
    pub const WINDOW_SECONDS: i64 = 900;
}

/// The relying party of WebAuthn: the domain passkeys belong to.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    /// Domain (`WARD_RP_ID`), by default the host of the first origin.
    pub id: String,
    /// Name shown by authenticators (`WARD_RP_NAME`).
    pub name: String,
}

/// Who issues access tokens, for whom, and what signs them.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// The `iss` of every token (`WARD_ISSUER`), by default the first origin.
    pub issuer: String,
    /// The `aud` of every token: the application and its environment, `ward-prod`.
    pub audience: String,
    /// The private keys as a JWK Set, the first of which signs (`WARD_TOKEN_KEYS`). Only auth needs them.
    pub keys: Option<SecretString>,
    /// The secret in Secrets Manager they came from (`WARD_TOKEN_KEYS_SECRET_ID`), to be read again.
    pub keys_secret_id: Option<String>,
}

/// All settings of a function.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of the application the data belongs to (`WARD_APP`).
    pub app: String,
    /// Environment: `dev`, `staging`, `prod` (`WARD_ENV`).
    pub env: String,
    /// PostgreSQL.
    pub database: DatabaseSettings,
    /// Redis or Valkey; without it an in-process cache.
    pub cache: Option<CacheSettings>,
    /// Where data keys are wrapped.
    pub keyring: KeyringSettings,
    /// Origins whose pages may call (`WARD_ORIGINS`).
    pub origins: Vec<Url>,
    /// The WebAuthn relying party.
    pub relying_party: RelyingParty,
    /// The model provider.
    pub upstream: Upstream,
    /// The daily quota of each user.
    pub quota: Quota,
    /// What each user may keep in the encrypted store.
    pub storage: StorageLimits,
    /// Session lifetimes.
    pub session: SessionLimits,
    /// Sign-in.
    pub sign_in: SignInSettings,
    /// Access tokens.
    pub tokens: TokenSettings,
    /// GitHub; `None` where nobody signs in with it.
    pub github: Option<GitHub>,
    /// Rate limits.
    pub rate_limits: RateLimits,
    /// Passwords.
    pub passwords: Passwords,
    /// Who carries messages.
    pub delivery: Delivery,
    /// Files.
    pub files: FilesSettings,
    /// Accounts.
    pub account: AccountSettings,
    /// What opens `/metrics` (`METRICS_TOKEN`); without it there is no such path.
    pub metrics_token: Option<SecretString>,
    /// Which version of its function this process is (`AWS_LAMBDA_FUNCTION_VERSION`, set by Lambda).
    pub function_version: Option<String>,
    /// Most database connections a function opens (`WARD_DATABASE_POOL`).
    pub database_pool: usize,
}

/// The database alone, for what needs nothing else.
///
/// # Errors
/// [`ConfigError`] that says which setting to mend.
pub async fn database() -> Result<DatabaseSettings, ConfigError> {
    data::database(&environment().await?)
}

/// What a deployment is to do, from the process's environment: no secret is among it.
///
/// # Errors
/// [`ConfigError`] that says which setting to mend.
pub fn deployment() -> Result<Deployment, ConfigError> {
    Deployment::from_lookup(&|name| std::env::var(name).ok())
}

/// The process's environment, with the settings that stand in Secrets Manager in it.
///
/// # Errors
/// [`ConfigError::Secret`] where a named secret can't be read.
pub async fn environment() -> Result<Lookup, ConfigError> {
    let lookup: Lookup = Box::new(|name| std::env::var(name).ok());
    #[cfg(feature = "secrets")]
    let lookup = secrets::resolve(lookup).await?;
    Ok(lookup)
}

/// The private keys of access tokens as Secrets Manager has them now.
///
/// # Errors
/// [`ConfigError::Secret`] where the secret can't be read.
#[cfg(feature = "secrets")]
pub async fn token_keys(secret_id: &str) -> Result<SecretString, ConfigError> {
    secrets::token_keys(secret_id).await.map(SecretString::from)
}

impl Settings {
    /// Reads the process's environment, then the secrets it names.
    ///
    /// # Errors
    /// [`ConfigError`] that says which setting to mend.
    pub async fn load() -> Result<Self, ConfigError> {
        let lookup = environment().await?;
        let settings = Self::from_lookup(&lookup)?;
        let given = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in unread(&lookup, given) {
            tracing::warn!(name, "there is no such setting, or it has no effect beside the others");
        }
        Ok(settings)
    }

    /// Reads settings from any source of names and values.
    ///
    /// # Errors
    /// [`ConfigError`] that says which setting to mend.
    pub fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        parse::settings(lookup)
    }
}
