//! AWS credentials of the SDK's own chain, for what is no client of the SDK's.

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::SigningError;
use crate::clock::Clock;

/// How long before they end, credentials are asked for again; and how long those are kept that don't say when they end.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// The credentials, asked for again shortly before they end.
pub(crate) struct Chain {
    provider: SharedCredentialsProvider,
    clock: Clock,
    kept: Mutex<Option<(Credentials, Timestamp)>>,
}

impl Chain {
    pub(crate) fn new(provider: SharedCredentialsProvider, clock: Clock) -> Self {
        Self { provider, clock, kept: Mutex::new(None) }
    }

    pub(crate) async fn get(&self) -> Result<Credentials, SigningError> {
        let (mut kept, now) = (self.kept.lock().await, self.clock.now());
        if let Some((credentials, until)) = &*kept
            && now < *until
        {
            return Ok(credentials.clone());
        }
        let credentials = self.provider.provide_credentials().await;
        let credentials = credentials.map_err(|_| SigningError("there are no AWS credentials"))?;
        let ends = credentials.expiry().and_then(|expiry| Timestamp::try_from(expiry).ok());
        let until = ends.map_or(now.saturating_add(MARGIN), |ends| ends.saturating_sub(MARGIN));
        *kept = until.ok().map(|until| (credentials.clone(), until));
        Ok(credentials)
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chain(..)")
    }
}
