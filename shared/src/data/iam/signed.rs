//! Tokens as RDS and `ElastiCache` take them: a URL signed by Signature Version 4, without its scheme.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::NoToken;
use crate::aws::{Chain, SdkConfig, Service, Signer, encoded, sdk_config};
use crate::clock::Clock;

/// As long as RDS and `ElastiCache` take one.
const VALID: Duration = Duration::from_mins(15);
const SCHEME: &str = "https://";

/// Makes tokens with the credentials of the process. Cheap to clone.
#[derive(Clone)]
pub struct IamTokens(Arc<Inner>);

struct Inner {
    clock: Clock,
    config: Option<SdkConfig>,
    account: OnceCell<Account>,
}

struct Account {
    region: String,
    chain: Chain,
}

impl IamTokens {
    /// With the credentials and the region that every AWS client of the process has, asked for at the first token.
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Inner { clock, config: None, account: OnceCell::new() }))
    }

    /// With others.
    pub fn with(config: SdkConfig, clock: Clock) -> Self {
        Self(Arc::new(Inner { clock, config: Some(config), account: OnceCell::new() }))
    }

    /// What signs `user` in at a database of RDS, or at a proxy before one. The address is the one that is dialled.
    pub(in crate::data) async fn database(&self, host: &str, port: u16, user: &str) -> Result<SecretString, NoToken> {
        let url = format!("{SCHEME}{host}:{port}/?Action=connect&DBUser={}", encoded(user));
        self.token(Service::Database, url).await
    }

    /// What signs `user` in at the replication group `cluster` of `ElastiCache`.
    pub(in crate::data) async fn cache(&self, cluster: &str, user: &str) -> Result<SecretString, NoToken> {
        // ElastiCache keeps names in lower case, and compares with them.
        let cluster = cluster.to_ascii_lowercase();
        let url = format!("{SCHEME}{cluster}/?Action=connect&User={}", encoded(user));
        self.token(Service::Cache, url).await
    }

    async fn token(&self, service: Service, url: String) -> Result<SecretString, NoToken> {
        let Account { region, chain } = self.0.account.get_or_try_init(|| self.account()).await?;
        let credentials = chain.get().await.map_err(|error| NoToken(error.0))?;
        let signer = Signer::new(service, region.clone());
        let token = signer.url(&credentials, "GET", url, &[], VALID, self.0.clock.now());
        let token = token.map_err(|error| NoToken(error.0))?;
        Ok(token.trim_start_matches(SCHEME).to_owned().into())
    }

    async fn account(&self) -> Result<Account, NoToken> {
        let config = match &self.0.config {
            Some(config) => config,
            None => sdk_config().await,
        };
        let region = config.region().ok_or(NoToken("there is no AWS region"))?.as_ref().to_owned();
        let provider = config.credentials_provider().ok_or(NoToken("there are no AWS credentials"))?;
        Ok(Account { region, chain: Chain::new(provider, self.0.clock.clone()) })
    }
}
