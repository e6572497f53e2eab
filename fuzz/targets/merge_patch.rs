//! Whatever may come as a merge patch: it is refused, or merged into one object whichever number of times.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::http::{Json, Members, merge};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Json::Object(patch)) = Json::parse(bytes, 32) {
        let mut once = Members::new();
        merge(&mut once, patch.clone());
        let mut twice = once.clone();
        merge(&mut twice, patch);
        let [once, twice] = [once, twice].map(|members| serde_json::to_vec(&members).expect("JSON has a text"));
        assert_eq!(once, twice);
        assert!(Json::parse(&once, 32).is_ok());
    }
});
