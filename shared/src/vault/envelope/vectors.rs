//! Published vectors: the AWS Encryption SDK's for the derivation, Project Wycheproof's for what it stands on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA512, KeyType, Salt};
use wycheproof::TestResult;

use super::derive;

/// Data key, message id, message key, commitment: the messages 1, 2, 4 and 6 (those of suite 0x0478) of "AWS
/// Encryption SDK - Message Format V2 Test Vectors", 2020-09-18.
const COMMITMENTS: [[&str; 4]; 4] = [
    [
        "+p6+whPVw9kOrYLZFMRBJ2n6Vli6T/7TkjDouS+25s0=",
        "TfvRMU2dVZJbgXIyxeNtbj5eIw8BiTDiwsHyQ/Z9wXk=",
        "V67301yMJtk0jxOc3QJeBac6uKxO3XylWtkKTYmUU+M=",
        "F88I9zPbUQSfOlzLXv+uIY2+m/E6j2PMsbgeHVH/L0w=",
    ],
    [
        "8Bu+AFAu9ZT8BwYK+QAKXKQ2iaySSiQwlPUrKMf6fdo=",
        "b1/73X5ErILpj0aSQIx6wNnHLEcNLxPzA0m6vYRr7kA=",
        "Q/TITiE1CtPUr736a90u/WjxXmKd/M8bfb7Mo4TAXwA=",
        "G7WvkcK+MF0AWhp8XhNcd8k5defmfi1dMqSgsN9v8e4=",
    ],
    [
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "qSmd3ox7r+cIeGmJhuguY3i5S/LMKVUYJGgWR7rhE6M=",
        "Qz2Df1nLfpvGM00VSv+DEQnGNy2Y+LWshYi/9++rplE=",
    ],
    [
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "PKWpyXOBmk4yDyakq0VRlXuStoPoaQ0n0tO1i/9LdVs=",
        "4zt1+EPrf/1X9lyHGwI9TaX4KF6nMIZLK6BTRzsHkUc=",
        "Apfij7czGOoR2HlxWsLApRGgoK8GT9zcTHLZllYHeII=",
    ],
];

#[test]
fn derives_the_keys_and_commitments_of_the_aws_encryption_sdk() {
    for vector in COMMITMENTS {
        let [data_key, message_id, expected_key, expected_commitment] =
            vector.map(|text| <[u8; 32]>::try_from(STANDARD.decode(text).unwrap()).unwrap());
        let (key, commitment) = derive(&data_key, &message_id).unwrap();
        assert_eq!((*key, commitment), (expected_key, expected_commitment));
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[test]
fn hkdf_sha512_agrees_with_wycheproof() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha512).unwrap();
    let mut count = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut output = vec![0; test.size];
        let info = [&test.info[..]];
        let derived = Salt::new(HKDF_SHA512, &test.salt)
            .extract(&test.ikm)
            .expand(&info, Length(test.size))
            .and_then(|okm| okm.fill(&mut output));
        let agrees = derived.is_ok() && output == test.okm[..];
        assert_eq!(agrees, test.result == TestResult::Valid, "test {}", test.tc_id);
        count += 1;
    }
    assert!(count > 50, "only {count} tests were found");
}

#[test]
fn aes_256_gcm_agrees_with_wycheproof() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).unwrap();
    let ours =
        |group: &&wycheproof::aead::TestGroup| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128);
    let mut count = 0;
    for test in set.test_groups.iter().filter(ours).flat_map(|group| &group.tests) {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &test.key).unwrap());
        let nonce = || Nonce::try_assume_unique_for_key(&test.nonce).unwrap();
        let sealed = [&test.ct[..], &test.tag[..]].concat();
        let valid = test.result == TestResult::Valid;

        let mut opened = sealed.clone();
        let opened = key.open_in_place(nonce(), Aad::from(&test.aad), &mut opened).ok();
        assert_eq!(opened.as_deref(), valid.then_some(&test.pt[..]), "opening test {}", test.tc_id);

        let mut resealed = test.pt.to_vec();
        key.seal_in_place_append_tag(nonce(), Aad::from(&test.aad), &mut resealed).unwrap();
        assert_eq!(resealed == sealed, valid, "sealing test {}", test.tc_id);
        count += 1;
    }
    assert!(count > 50, "only {count} tests were found");
}
