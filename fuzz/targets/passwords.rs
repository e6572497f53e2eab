//! Whatever may be sent as a new password, and before it, on a line, its user's name: it is kept whole in one normal form,
//! and is refused where it is the name.

#![no_main]

use auth::fuzzing::{advice, password};
use libfuzzer_sys::fuzz_target;

const LONGEST: usize = 1_024;
/// As many characters as are scored, and as few as a name is looked for by.
const SCORED: std::ops::RangeInclusive<usize> = 3..=40;

fuzz_target!(|text: &str| {
    let (name, text) = text.split_once('\n').unwrap_or(("", text));
    if let Some(forms) = password(text) {
        let normalised = String::from_utf8(forms[0].clone()).expect("a text");
        assert!(normalised.len() <= LONGEST);
        assert_eq!(password(&normalised), Some(vec![forms[0].clone()]), "a normal form is its own");
        assert_eq!(forms.last().map(Vec::as_slice), Some(text.as_bytes()), "what was sent is compared as well");
        _ = advice(text, name);
    }
    if let Some(forms) = password(name) {
        let characters = String::from_utf8_lossy(&forms[0]).chars().count();
        assert!(!SCORED.contains(&characters) || advice(name, name).is_some(), "the name is no password");
    }
});
