//! The derivation against the AWS Encryption SDK itself: what it seals opens under the key we derive, and the commitment it
//! writes is ours.
//!
//! This is AWS's library for Python. Its crate, `aws-esdk`, needs the FIPS build of AWS-LC, and with it two more tool chains, to say
//! the same.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::Value;
use shared::vault::envelope::derive;
use tests::tool;

const TAG_LEN: usize = 16;

/// Reads a message of format version 2 from its beginning.
struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let bytes = &self.message[self.at..self.at + length];
        self.at += length;
        bytes
    }

    fn number(&mut self, length: usize) -> usize {
        self.take(length).iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    /// A field that its length stands before, in two bytes.
    fn field(&mut self) -> &'a [u8] {
        let length = self.number(2);
        self.take(length)
    }
}

fn opened(key: &LessSafeKey, iv: &[u8], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
    let mut bytes = sealed.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(iv).unwrap();
    key.open_in_place(nonce, Aad::from(aad), &mut bytes).expect("it opens under the derived key").to_vec()
}

/// Opens a whole message, its header's tag and each frame, under what we derive.
fn open(data_key: &[u8; 32], message: &[u8]) -> Vec<u8> {
    let mut reader = Reader { message, at: 0 };
    assert_eq!(reader.take(3), [0x02, 0x04, 0x78], "version 2, suite 0x0478");
    let message_id: &[u8; 32] = reader.take(32).try_into().unwrap();
    reader.field();
    for _ in 0..reader.number(2) {
        for _ in 0..3 {
            reader.field();
        }
    }
    assert_eq!(reader.take(1), [2], "framed");
    let frame_length = reader.number(4);
    let (key, commitment) = derive(data_key, message_id).unwrap();
    assert_eq!(reader.take(32), commitment, "the commitment");
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key).unwrap());
    let header = &message[..reader.at];
    opened(&key, &[0; NONCE_LEN], header, reader.take(TAG_LEN));

    let mut plaintext = Vec::new();
    loop {
        let number = reader.number(4);
        let last = number == 0xffff_ffff;
        let number = if last { reader.number(4) } else { number };
        let iv = reader.take(NONCE_LEN);
        let length = if last { reader.number(4) } else { frame_length };
        let what: &[u8] = if last { b"AWSKMSEncryptionClient Final Frame" } else { b"AWSKMSEncryptionClient Frame" };
        let number = u32::try_from(number).unwrap().to_be_bytes();
        let aad = [message_id, what, &number, &(length as u64).to_be_bytes()].concat();
        plaintext.extend(opened(&key, iv, &aad, reader.take(length + TAG_LEN)));
        if last {
            return plaintext;
        }
    }
}

#[test]
fn what_the_encryption_sdk_seals_opens_under_the_derived_key() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/it/vault/esdk.py");
    let lengths = ["0", "1", "255", "1024", "1025", "70000"].repeat(5);
    let output = Command::new(tool("python")).arg(script).args(&lengths).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut count = 0;
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let fields: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| STANDARD.decode(fields[name].as_str().unwrap()).unwrap();
        let data_key = field("data_key").try_into().unwrap();
        assert_eq!(open(&data_key, &field("message")), field("plaintext"));
        count += 1;
    }
    assert_eq!(count, lengths.len());
}
