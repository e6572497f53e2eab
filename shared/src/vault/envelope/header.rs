//! The first 72 bytes of a sealed value.

use crate::vault::VaultError;

/// Bytes before the first frame.
pub const HEADER_LEN: usize = 72;
/// A frame holds 2^16 bytes.
pub const FRAME_LOG2: u8 = 16;

const VERSION: u8 = 1;
const SUITE: u8 = 1;
const FRAMED: u8 = 1;

/// What the header says; version and suite have one value each.
pub struct Header {
    pub framed: bool,
    pub key_version: u32,
    pub message_id: [u8; 32],
    pub commitment: [u8; 32],
}

impl Header {
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..2].copy_from_slice(&[VERSION, SUITE]);
        if self.framed {
            bytes[2..4].copy_from_slice(&[FRAMED, FRAME_LOG2]);
        }
        bytes[4..8].copy_from_slice(&self.key_version.to_be_bytes());
        bytes[8..40].copy_from_slice(&self.message_id);
        bytes[40..].copy_from_slice(&self.commitment);
        bytes
    }

    pub fn parse(bytes: &[u8; HEADER_LEN]) -> Result<Self, VaultError> {
        let framed = match bytes[..4] {
            [VERSION, SUITE, 0, 0] => false,
            [VERSION, SUITE, FRAMED, FRAME_LOG2] => true,
            [VERSION, SUITE, 0 | FRAMED, _] => return Err(VaultError::Malformed("unknown frame length")),
            [VERSION, SUITE, ..] => return Err(VaultError::Malformed("unknown flags")),
            [VERSION, ..] => return Err(VaultError::Malformed("unknown suite")),
            _ => return Err(VaultError::Malformed("unknown version of the envelope")),
        };
        let mut header = Self { framed, key_version: 0, message_id: [0; 32], commitment: [0; 32] };
        let mut key_version = [0; 4];
        key_version.copy_from_slice(&bytes[4..8]);
        header.key_version = u32::from_be_bytes(key_version);
        header.message_id.copy_from_slice(&bytes[8..40]);
        header.commitment.copy_from_slice(&bytes[40..]);
        Ok(header)
    }
}

/// The header's bytes and the body's, which holds at least one tag.
pub fn split(sealed: &[u8]) -> Result<(&[u8; HEADER_LEN], &[u8]), VaultError> {
    match sealed.split_first_chunk() {
        Some((head, body)) if body.len() >= ring::aead::MAX_TAG_LEN => Ok((head, body)),
        _ => Err(VaultError::Malformed("shorter than an empty sealed value")),
    }
}
