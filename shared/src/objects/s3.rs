//! A bucket of S3's: the store behind [`object_store`], and what that has no words for, signed by `aws-sigv4`.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::{BackoffConfig, RetryConfig};
use reqwest::{Client, StatusCode};

use super::http::{Connector, client};
use super::{ObjectError, Promise, Stored, UploadUrl};
use crate::aws::{Chain, SdkConfig, Service, Signer, encoded};
use crate::clock::Clock;

const CHECKSUM: &str = "x-amz-checksum-sha256";
const CHECKSUM_KIND: &str = "x-amz-sdk-checksum-algorithm";
const ENCRYPTION: &str = "x-amz-server-side-encryption";
const ENCRYPTION_KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";

/// A bucket.
pub(super) struct S3 {
    /// Up to the key, with the slash.
    base: String,
    key_id: String,
    chain: Arc<Chain>,
    signer: Signer,
    client: Client,
}

impl S3 {
    /// The bucket, for what comes and goes through Ward and for signed URLs.
    pub(super) fn open(
        bucket: &str,
        key_id: &str,
        config: &SdkConfig,
        clock: Clock,
    ) -> Result<(AmazonS3, Self), ObjectError> {
        let missing = |what| ObjectError::Failed("open", what);
        let region = config.region().ok_or(missing("there is no AWS region"))?.as_ref().to_owned();
        let provider = config.credentials_provider().ok_or(missing("there are no AWS credentials"))?;
        let chain = Arc::new(Chain::new(provider, clock));
        let client = client()?;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&region)
            .with_credentials(Arc::clone(&chain) as _)
            .with_sse_kms_encryption(key_id)
            .with_bucket_key(true)
            .with_checksum_algorithm(Checksum::SHA256)
            .with_retry(retries())
            .with_http_connector(Connector(client.clone()));
        let base = if let Some(endpoint) = config.endpoint_url() {
            builder = builder.with_endpoint(endpoint).with_allow_http(true);
            format!("{}/{bucket}/", endpoint.trim_end_matches('/'))
        } else {
            builder = builder.with_virtual_hosted_style_request(true);
            format!("https://{bucket}.s3.{region}.{}/", domain(&region))
        };
        let store = builder.build().map_err(ObjectError::of("open"))?;
        Ok((store, Self { base, key_id: key_id.to_owned(), chain, signer: Signer::new(Service::S3, region), client }))
    }

    /// Asks for length and checksum; the checksum is told only where the request wants it.
    pub(super) async fn head(&self, key: &str, clock: &Clock) -> Result<Option<Stored>, ObjectError> {
        const FAILED: fn(&'static str) -> ObjectError = |why| ObjectError::Failed("head", why);
        let url = format!("{}{key}", self.base);
        let mode = ("x-amz-checksum-mode", "ENABLED");
        let signed = self.signer.headers(&self.chain.get().await?, "HEAD", &url, &[mode], clock.now())?;
        let mut request = self.client.head(&url).header(mode.0, mode.1);
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|_| FAILED("no answer"))?;
        match answer.status() {
            StatusCode::NOT_FOUND => return Ok(None),
            status if status.is_success() => {}
            _ => return Err(FAILED("refused")),
        }
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let length = header("content-length").and_then(|length| length.parse().ok()).ok_or(FAILED("no length"))?;
        let sha256 = header(CHECKSUM).and_then(|text| STANDARD.decode(text).ok()?.try_into().ok());
        Ok(Some(Stored { length, sha256 }))
    }

    pub(super) async fn upload_url(
        &self,
        key: &str,
        promise: &Promise<'_>,
        valid: Duration,
        clock: &Clock,
    ) -> Result<UploadUrl, ObjectError> {
        let headers = vec![
            ("content-type", promise.content_type.to_owned()),
            (CHECKSUM, STANDARD.encode(promise.sha256)),
            // S3 keeps the checksum without it; what else speaks S3's protocol may not.
            (CHECKSUM_KIND, "SHA256".to_owned()),
            (ENCRYPTION, "aws:kms".to_owned()),
            (ENCRYPTION_KEY, self.key_id.clone()),
        ];
        let length = promise.length.to_string();
        let signed: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain([("content-length", length.as_str())])
            .collect();
        let url = format!("{}{key}", self.base);
        let url = self.signer.url(&self.chain.get().await?, "PUT", url, &signed, valid, clock.now())?;
        Ok(UploadUrl { url, headers })
    }

    pub(super) async fn download_url(
        &self,
        key: &str,
        content_type: &str,
        disposition: &str,
        valid: Duration,
        clock: &Clock,
    ) -> Result<String, ObjectError> {
        let url = format!(
            "{}{key}?response-content-disposition={}&response-content-type={}",
            self.base,
            encoded(disposition),
            encoded(content_type)
        );
        Ok(self.signer.url(&self.chain.get().await?, "GET", url, &[], valid, clock.now())?)
    }
}

/// The domain of S3's endpoints in a region's partition.
fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// A request of a user's waits for this.
fn retries() -> RetryConfig {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(50),
        max_backoff: Duration::from_millis(500),
        ..BackoffConfig::default()
    };
    RetryConfig { backoff, max_retries: 2, retry_timeout: Duration::from_secs(10) }
}
