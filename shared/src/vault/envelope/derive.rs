//! The message key and its commitment, from the data key and the message id.

use ring::hkdf::{HKDF_SHA512, KeyType, Salt};
use zeroize::Zeroizing;

use crate::vault::VaultError;

/// The AWS Encryption SDK's suite id 0x0478, then its label for the message key.
const KEY_INFO: &[&[u8]] = &[&[0x04, 0x78], b"DERIVEKEY"];
const COMMITMENT_INFO: &[&[u8]] = &[b"COMMITKEY"];

/// The message key, and the commitment that no other data key yields, as the AWS Encryption SDK's suite 0x0478
/// (`ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY`) derives them: HKDF-SHA-512 (RFC 5869) with the message id as salt.
///
/// # Errors
/// None in practice: HKDF fails only for outputs far longer than these.
pub fn derive(data_key: &[u8; 32], message_id: &[u8; 32]) -> Result<(Zeroizing<[u8; 32]>, [u8; 32]), VaultError> {
    let prk = Salt::new(HKDF_SHA512, message_id).extract(data_key);
    let mut key = Zeroizing::new([0; 32]);
    let mut commitment = [0; 32];
    prk.expand(KEY_INFO, Len32)
        .and_then(|okm| okm.fill(&mut *key))
        .and_then(|()| prk.expand(COMMITMENT_INFO, Len32)?.fill(&mut commitment))
        .map_err(|_| VaultError::Malformed("a derived key is too long"))?;
    Ok((key, commitment))
}

struct Len32;

impl KeyType for Len32 {
    fn len(&self) -> usize {
        32
    }
}
