//! Whatever may stand where a password's hash is stored: it is refused or of bounded cost, and nothing panics.

#![no_main]

use auth::password::StoredHash;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(hash) = StoredHash::parse(text) {
        assert!(hash.memory_kib() <= 256 * 1024);
    }
});
