//! Project Wycheproof's vectors, through the check of a passkey's signature itself: a passkey's key is a `COSEKey`, and
//! `webauthn-rs` decides by this one method.

use webauthn_rs::prelude::{COSEAlgorithm, COSEEC2Key, COSEKey, COSEKeyType, COSERSAKey, ECDSACurve};
use wycheproof::TestResult;

fn agrees(key: &COSEKey, signature: &[u8], message: &[u8], expected: TestResult, number: usize) {
    let accepted = key.verify_signature(signature, message).unwrap_or(false);
    match expected {
        TestResult::Valid => assert!(accepted, "test {number} is valid"),
        TestResult::Invalid => assert!(!accepted, "test {number} is invalid"),
        TestResult::Acceptable => {}
    }
}

#[test]
fn es256_agrees_with_wycheproof() {
    let set = wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap();
    let mut count = 0;
    for group in &set.test_groups {
        let point = &group.key.key;
        assert_eq!((point.len(), point[0]), (65, 4), "an uncompressed point");
        let (x, y) = (point[1..33].to_vec(), point[33..].to_vec());
        let key = COSEKeyType::EC_EC2(COSEEC2Key { curve: ECDSACurve::SECP256R1, x, y });
        let key = COSEKey { type_: COSEAlgorithm::ES256, key };
        for test in &group.tests {
            agrees(&key, &test.sig, &test.msg, test.result, test.tc_id);
            count += 1;
        }
    }
    assert!(count > 400, "only {count} tests were found");
}

#[test]
fn rs256_agrees_with_wycheproof() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    let set = TestSet::load(TestName::Rsa2048Sha256).unwrap();
    let mut count = 0;
    for group in &set.test_groups {
        // The form of the vectors has a sign.
        let unsigned = |number: &[u8]| number[number.iter().take_while(|byte| **byte == 0).count()..].to_vec();
        let Ok(e) = unsigned(&group.key.e).try_into() else { continue };
        let key = COSEKeyType::RSA(COSERSAKey { n: unsigned(&group.key.n), e });
        let key = COSEKey { type_: COSEAlgorithm::RS256, key };
        for test in &group.tests {
            agrees(&key, &test.sig, &test.msg, test.result, test.tc_id);
            count += 1;
        }
    }
    assert!(count > 200, "only {count} tests were found");
}
