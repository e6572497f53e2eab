//! The envelope: the bytes of one sealed value, 88 more than a plaintext of up to 64 KiB.
//!
//! | offset | field | bytes | value |
//! |---|---|---|---|
//! | 0 | version | 1 | 1 |
//! | 1 | suite | 1 | 1 = AES-256-GCM, HKDF-SHA-512, committed |
//! | 2 | flags | 1 | bit 0 framed |
//! | 3 | `frame_log2` | 1 | 0, or 16 when framed |
//! | 4 | `key_version` | 4 | u32, big endian |
//! | 8 | `message_id` | 32 | random |
//! | 40 | commitment | 32 | derived, see [`derive()`] |
//! | 72 | body | n + 16 per frame | ciphertext and tag of each frame |
//!
//! A longer value is cut into frames of 64 KiB; only the last may be shorter. The nonce is the frame's number from 1,
//! the additional data the header, the canonical context, the frame's number and whether it is the last. A key
//! seals one message only, for it derives from the random message id; so a nonce never repeats under it.

mod derive;
mod frames;
mod header;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, Tag, UnboundKey};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use self::derive::derive;
pub use self::frames::{Frames, sealed_length};
pub use self::header::HEADER_LEN;
use self::header::Header;
use super::VaultError;
use crate::clock::Random;

/// Bytes of plaintext in every frame but the last.
pub const FRAME_LEN: usize = 1 << header::FRAME_LOG2;
/// Bytes that sealing adds to a value of one frame.
pub const OVERHEAD: usize = HEADER_LEN + MAX_TAG_LEN;

/// Seals `plaintext` under `data_key`, bound to the canonical `context`.
///
/// # Errors
/// [`VaultError::Unavailable`] without randomness; [`VaultError::Malformed`] beyond 2^32 - 1 frames.
pub fn seal(
    random: &Random,
    data_key: &[u8; 32],
    key_version: u32,
    context: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let message_id = random.bytes::<32>()?;
    let (key, commitment) = derive(data_key, &message_id)?;
    let framed = plaintext.len() > FRAME_LEN;
    let header = Header { framed, key_version, message_id, commitment }.to_bytes();
    let mut cipher = FrameCipher::new(&key, &header, context)?;

    let count = plaintext.len().div_ceil(FRAME_LEN).max(1);
    let mut sealed = Vec::with_capacity(HEADER_LEN + plaintext.len() + count * MAX_TAG_LEN);
    sealed.extend_from_slice(&header);
    for index in 0..count {
        let start = index * FRAME_LEN;
        let frame = &plaintext[start..plaintext.len().min(start + FRAME_LEN)];
        let at = sealed.len();
        sealed.extend_from_slice(frame);
        let tag = cipher.seal(index + 1 == count, &mut sealed[at..])?;
        sealed.extend_from_slice(tag.as_ref());
    }
    Ok(sealed)
}

/// Opens `sealed` under `data_key` and the canonical `context`. Nothing is decrypted before the key's commitment
/// holds, and nothing is returned before every frame has opened.
///
/// # Errors
/// [`VaultError::Malformed`] for bytes that are no envelope; [`VaultError::Rejected`] where they don't open.
pub fn open(data_key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (head, body) = header::split(sealed)?;
    let header = Header::parse(head)?;
    let (key, commitment) = derive(data_key, &header.message_id)?;
    if !bool::from(commitment.ct_eq(&header.commitment)) {
        return Err(VaultError::Rejected);
    }
    if !header.framed && body.len() > FRAME_LEN + MAX_TAG_LEN {
        return Err(VaultError::Malformed("an unframed value is longer than a frame"));
    }
    let count = body.len().div_ceil(FRAME_LEN + MAX_TAG_LEN);
    let mut cipher = FrameCipher::new(&key, head, context)?;
    let mut plaintext = Zeroizing::new(Vec::with_capacity(body.len()));
    for (index, frame) in body.chunks(FRAME_LEN + MAX_TAG_LEN).enumerate() {
        let (ciphertext, tag) =
            frame.split_last_chunk().ok_or(VaultError::Malformed("a frame is shorter than its tag"))?;
        let at = plaintext.len();
        plaintext.extend_from_slice(ciphertext);
        cipher.open(index + 1 == count, &mut plaintext[at..], *tag)?;
    }
    Ok(plaintext)
}

/// Bytes of plaintext in a sealed value of that many bytes; 0 for what is too short to be one.
pub fn plaintext_len(sealed_len: usize) -> usize {
    let body = sealed_len.saturating_sub(HEADER_LEN);
    body.saturating_sub(body.div_ceil(FRAME_LEN + MAX_TAG_LEN) * MAX_TAG_LEN)
}

/// The version of the data key that `sealed` was sealed under. Not authenticated until the value has opened.
///
/// # Errors
/// [`VaultError::Malformed`] for bytes that are no envelope.
pub fn key_version(sealed: &[u8]) -> Result<u32, VaultError> {
    let (head, _) = header::split(sealed)?;
    Ok(Header::parse(head)?.key_version)
}

/// The same of a header alone.
///
/// # Errors
/// [`VaultError::Malformed`] for bytes that are no header.
pub fn header_key_version(head: &[u8]) -> Result<u32, VaultError> {
    let head = head.try_into().map_err(|_| VaultError::Malformed("a header is not of its length"))?;
    Ok(Header::parse(head)?.key_version)
}

/// Seals or opens the frames of one message, in order.
struct FrameCipher {
    key: LessSafeKey,
    /// Header, context, then the current frame's number and final flag.
    additional_data: Vec<u8>,
    number: u32,
}

impl FrameCipher {
    fn new(key: &[u8; 32], header: &[u8; HEADER_LEN], context: &[u8]) -> Result<Self, VaultError> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| VaultError::Malformed("a key is not of 256 bits"))?;
        let mut additional_data = Vec::with_capacity(HEADER_LEN + context.len() + 5);
        additional_data.extend_from_slice(header);
        additional_data.extend_from_slice(context);
        additional_data.extend_from_slice(&[0; 5]);
        Ok(Self { key: LessSafeKey::new(key), additional_data, number: 0 })
    }

    fn seal(&mut self, last: bool, frame: &mut [u8]) -> Result<Tag, VaultError> {
        let nonce = self.next(last)?;
        self.key
            .seal_in_place_separate_tag(nonce, Aad::from(&self.additional_data), frame)
            .map_err(|_| VaultError::Malformed("a frame is too long"))
    }

    fn open(&mut self, last: bool, frame: &mut [u8], tag: [u8; MAX_TAG_LEN]) -> Result<(), VaultError> {
        let nonce = self.next(last)?;
        self.key
            .open_in_place_separate_tag(nonce, Aad::from(&self.additional_data), tag.into(), frame, 0..)
            .map(|_| ())
            .map_err(|_| VaultError::Rejected)
    }

    /// Moves on to the next frame and answers its nonce.
    fn next(&mut self, last: bool) -> Result<Nonce, VaultError> {
        self.number = self.number.checked_add(1).ok_or(VaultError::Malformed("a value has too many frames"))?;
        let number = self.number.to_be_bytes();
        if let Some(tail) = self.additional_data.last_chunk_mut::<5>() {
            tail[..4].copy_from_slice(&number);
            tail[4] = u8::from(last);
        }
        let mut nonce = [0; NONCE_LEN];
        nonce[NONCE_LEN - 4..].copy_from_slice(&number);
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}
