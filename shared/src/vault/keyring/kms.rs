//! AWS KMS as the keyring: the wrapping key never leaves it, and every use stands in CloudTrail.

use std::collections::HashMap;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use zeroize::Zeroizing;

use super::{KeyContext, Keyring, NewDataKey, SecretKey};
use crate::vault::VaultError;

/// Wraps data keys under a symmetric KMS key.
pub struct KmsKeyring {
    client: Client,
    key_id: String,
}

impl KmsKeyring {
    /// A keyring on the key `key_id`: its id, ARN or alias.
    pub fn new(client: Client, key_id: impl Into<String>) -> Self {
        Self { client, key_id: key_id.into() }
    }

    async fn generate_data_key(&self, context: &KeyContext<'_>) -> Result<NewDataKey, VaultError> {
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
        Ok(NewDataKey { key: SecretKey::from_bytes(Zeroizing::new(key.into_inner()))?, wrapped: wrapped.into_inner() })
    }

    async fn decrypt(&self, wrapped: &[u8], context: &KeyContext<'_>) -> Result<SecretKey, VaultError> {
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

    async fn describe_key(&self) -> Result<(), VaultError> {
        let answer = self.client.describe_key().key_id(&self.key_id).send().await;
        let answer = answer.map_err(|error| refused("DescribeKey", &error))?;
        match answer.key_metadata {
            Some(metadata) if metadata.enabled => Ok(()),
            _ => Err(VaultError::unavailable("the KMS key is not enabled")),
        }
    }
}

impl Keyring for KmsKeyring {
    fn generate<'a>(&'a self, context: &'a KeyContext<'a>) -> BoxFuture<'a, Result<NewDataKey, VaultError>> {
        self.generate_data_key(context).boxed()
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<SecretKey, VaultError>> {
        self.decrypt(wrapped, context).boxed()
    }

    fn describe(&self) -> BoxFuture<'_, Result<(), VaultError>> {
        self.describe_key().boxed()
    }

    fn key_id(&self) -> &str {
        &self.key_id
    }
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
