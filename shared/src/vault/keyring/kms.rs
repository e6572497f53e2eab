//! AWS KMS as the keyring: the wrapping key never leaves it, and every use stands in CloudTrail.

use std::collections::HashMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::Region;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use super::{KeyContext, Keyring, NewDataKey, SecretKey, WrappedKey};
use crate::vault::VaultError;

/// Calls under way at once. While KMS is slow or throttles, more would only wait behind these.
const IN_FLIGHT: usize = 32;
/// How long a call waits for its turn.
const TURN: Duration = Duration::from_millis(500);

/// Wraps data keys under a symmetric KMS key. A call is tried up to four times with growing, jittered pauses, within
/// the three seconds that every AWS call has; the SDK's retry quota ends the trying while most calls fail.
pub struct KmsKeyring {
    client: Client,
    key_id: String,
    turns: Semaphore,
}

impl KmsKeyring {
    /// A keyring on the key `key_id`: its id, ARN or alias.
    pub fn new(client: Client, key_id: impl Into<String>) -> Self {
        Self { client, key_id: key_id.into(), turns: Semaphore::new(IN_FLIGHT) }
    }

    /// The same with a client of its own, in the region that an ARN names.
    pub fn connect(config: &SdkConfig, key_id: &str) -> Self {
        let retries = RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(100));
        let mut builder = aws_sdk_kms::config::Builder::from(config).retry_config(retries);
        if let Some(region) = region(key_id) {
            builder = builder.region(Region::new(region.to_owned()));
        }
        Self::new(Client::from_conf(builder.build()), key_id)
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, VaultError> {
        let turn = tokio::time::timeout(TURN, self.turns.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or(VaultError::unavailable("KMS: too many calls are waiting"))
    }

    async fn generate_data_key(&self, context: &KeyContext<'_>) -> Result<NewDataKey, VaultError> {
        let _turn = self.turn().await?;
        let answer = self
            .client
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(encryption_context(context)))
            .send()
            .await
            .map_err(|error| refused("GenerateDataKey", &error))?;
        let (Some(key), Some(wrapped)) = (answer.plaintext, answer.ciphertext_blob) else {
            return Err(VaultError::unavailable("KMS GenerateDataKey answered without a key"));
        };
        let key = SecretKey::from_bytes(Zeroizing::new(key.into_inner()))?;
        Ok(NewDataKey { key, wrapped: self.wrapped(answer.key_id, wrapped) })
    }

    async fn encrypt(&self, key: &SecretKey, context: &KeyContext<'_>) -> Result<WrappedKey, VaultError> {
        let _turn = self.turn().await?;
        let answer = self
            .client
            .encrypt()
            .key_id(&self.key_id)
            .plaintext(Blob::new(key.expose()))
            .set_encryption_context(Some(encryption_context(context)))
            .send()
            .await
            .map_err(|error| refused("Encrypt", &error))?;
        let wrapped = answer.ciphertext_blob.ok_or(VaultError::unavailable("KMS Encrypt answered nothing"))?;
        Ok(self.wrapped(answer.key_id, wrapped))
    }

    async fn decrypt(&self, wrapped: &[u8], context: &KeyContext<'_>) -> Result<SecretKey, VaultError> {
        let _turn = self.turn().await?;
        let answer = self
            .client
            .decrypt()
            .key_id(&self.key_id)
            .ciphertext_blob(Blob::new(wrapped))
            .set_encryption_context(Some(encryption_context(context)))
            .send()
            .await
            .map_err(|error| refused("Decrypt", &error))?;
        let key = answer.plaintext.ok_or(VaultError::unavailable("KMS Decrypt answered without a key"))?;
        SecretKey::from_bytes(Zeroizing::new(key.into_inner()))
    }

    async fn re_encrypt(
        &self,
        wrapped: &WrappedKey,
        context: &KeyContext<'_>,
    ) -> Result<Option<WrappedKey>, VaultError> {
        let here = region(&self.key_id).or(self.client.config().region().map(Region::as_ref));
        if region(&wrapped.key_id).is_none_or(|region| Some(region) != here) {
            return Ok(None);
        }
        let _turn = self.turn().await?;
        let answer = self
            .client
            .re_encrypt()
            .source_key_id(&wrapped.key_id)
            .destination_key_id(&self.key_id)
            .ciphertext_blob(Blob::new(wrapped.bytes.as_slice()))
            .set_source_encryption_context(Some(encryption_context(context)))
            .set_destination_encryption_context(Some(encryption_context(context)))
            .send()
            .await
            .map_err(|error| refused("ReEncrypt", &error))?;
        let wrapped = answer.ciphertext_blob.ok_or(VaultError::unavailable("KMS ReEncrypt answered nothing"))?;
        Ok(Some(self.wrapped(answer.key_id, wrapped)))
    }

    async fn describe_key(&self) -> Result<String, VaultError> {
        let answer = self.client.describe_key().key_id(&self.key_id).send().await;
        let answer = answer.map_err(|error| refused("DescribeKey", &error))?;
        match answer.key_metadata {
            Some(metadata) if metadata.enabled => Ok(metadata.arn.unwrap_or(metadata.key_id)),
            _ => Err(VaultError::unavailable("the KMS key is not enabled")),
        }
    }

    /// What KMS wrapped, under the full id that it gives the key.
    fn wrapped(&self, key_id: Option<String>, bytes: Blob) -> WrappedKey {
        WrappedKey { key_id: key_id.unwrap_or_else(|| self.key_id.clone()), bytes: bytes.into_inner() }
    }
}

impl Keyring for KmsKeyring {
    fn generate<'a>(&'a self, context: &'a KeyContext<'a>) -> BoxFuture<'a, Result<NewDataKey, VaultError>> {
        self.generate_data_key(context).boxed()
    }

    fn wrap<'a>(
        &'a self,
        key: &'a SecretKey,
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<WrappedKey, VaultError>> {
        self.encrypt(key, context).boxed()
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<SecretKey, VaultError>> {
        self.decrypt(wrapped, context).boxed()
    }

    fn rewrap<'a>(
        &'a self,
        wrapped: &'a WrappedKey,
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<Option<WrappedKey>, VaultError>> {
        self.re_encrypt(wrapped, context).boxed()
    }

    fn describe(&self) -> BoxFuture<'_, Result<String, VaultError>> {
        self.describe_key().boxed()
    }
}

/// The region an ARN names: `arn:aws:kms:<region>:<account>:key/<id>`.
fn region(key_id: &str) -> Option<&str> {
    key_id.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2)).filter(|region| !region.is_empty())
}

fn encryption_context(context: &KeyContext<'_>) -> HashMap<String, String> {
    let [subject, version] = context.texts();
    HashMap::from([
        ("app".to_owned(), context.app.to_owned()),
        ("env".to_owned(), context.env.to_owned()),
        ("subject".to_owned(), subject),
        ("version".to_owned(), version),
    ])
}

/// Only KMS saying that the bytes or their context are wrong is a rejection. Anything else (throttled, unreachable,
/// disabled, not allowed) is a fault of the installation that may pass. The code is kept, never the message.
fn refused<E: ProvideErrorMetadata, R>(action: &'static str, error: &SdkError<E, R>) -> VaultError {
    let code = match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("no code"),
        SdkError::TimeoutError(_) => "timed out",
        SdkError::DispatchFailure(_) => "could not be reached",
        _ => "answered no valid response",
    };
    match code {
        "InvalidCiphertextException" | "IncorrectKeyException" => VaultError::Rejected,
        _ => VaultError::unavailable(format!("KMS {action}: {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_the_arns() {
        assert_eq!(region("arn:aws:kms:eu-central-1:123456789012:key/mrk-1"), Some("eu-central-1"));
        for none in ["alias/ward", "1234abcd-12ab", "arn:aws:kms::123456789012:key/1", ""] {
            assert_eq!(region(none), None, "{none}");
        }
    }
}
