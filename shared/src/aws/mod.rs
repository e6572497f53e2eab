//! The one configuration that every AWS client of a process shares, and signatures of what goes past those clients.

mod credentials;
mod sign;

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use tokio::sync::OnceCell;

pub use aws_config::SdkConfig;
pub(crate) use credentials::Chain;
pub(crate) use sign::{Service, Signer, encoded};

/// A request can't be signed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SigningError(pub(crate) &'static str);

/// Amazon Root CA 1 to 4 and Starfield Services Root CA - G2: what AWS's endpoints chain to. Reading the machine's
/// whole store instead costs a cold start 3 to 5 ms.
const AMAZON_ROOTS: &str = include_str!("../amazon-roots.pem");

static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();

/// The shared configuration, made at the first call. Region, credentials and `AWS_ENDPOINT_URL` come from the AWS
/// SDK's own chain. A call takes 3 s at most, retries included.
pub async fn sdk_config() -> &'static SdkConfig {
    CONFIG.get_or_init(load).await
}

fn tls() -> TlsContext {
    let trust = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    // Building it can't fail today; the SDK's default trusts the machine's roots, which hold these too.
    TlsContext::builder().with_trust_store(trust).build().unwrap_or_default()
}

/// A configuration for a caller that tries again by itself: one attempt, which takes `limit` at most.
pub fn single_attempt(config: &SdkConfig, limit: Duration) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_secs(1)).operation_timeout(limit).build();
    config.to_builder().timeout_config(timeouts).retry_config(RetryConfig::disabled()).build()
}

/// How long a call takes at most: 3 s in all, and 1.4 s for one attempt.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_millis(1_400))
        .operation_timeout(Duration::from_secs(3))
        .build()
}

async fn load() -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls()).build_https();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .timeout_config(timeouts())
        .retry_config(RetryConfig::standard())
        .load()
        .await
}

#[cfg(test)]
mod tests {
    use aws_smithy_http_client::Connector;

    use super::*;

    #[test]
    fn the_embedded_roots_are_five_certificates_that_the_client_can_read() {
        assert_eq!(AMAZON_ROOTS.matches("BEGIN CERTIFICATE").count(), 5);
        // A connector reads the certificates as it is built, and panics on one it can't read.
        let _ = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls()).build();
    }
}
