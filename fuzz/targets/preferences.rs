//! Whatever may come as a patch of preferences, or stand where they are stored: it is refused, or kept within its bounds
//! and read back as the same.

#![no_main]

use auth::fuzzing::{preferences, stored_preferences};
use libfuzzer_sys::fuzz_target;
use shared::http::{Json, Members};

/// The largest `app`, and more than all the rest of a document takes.
const LARGEST: usize = 16 * 1024 + 512;

fn members(text: &[u8]) -> Option<Members> {
    match Json::parse(text, 32) {
        Ok(Json::Object(members)) => Some(members),
        _ => None,
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some(document) = members(bytes) else { return };
    let (shown, stored) = stored_preferences(document.clone()).expect("a document is shown");
    let again = members(stored.as_bytes()).and_then(stored_preferences);
    assert_eq!(again, Some((shown.clone(), stored.clone())), "what is stored is what is read");
    let theme: Option<String> = members(shown.as_bytes()).and_then(|shown| shown["theme"].scalar());
    assert!(theme.is_some_and(|theme| ["system", "light", "dark"].contains(&theme.as_str())));

    let Some(kept) = preferences(document) else { return };
    assert!(kept.len() <= LARGEST && !Json::Object(members(kept.as_bytes()).expect("an object")).names("__proto__"));
    let read = members(kept.as_bytes()).and_then(stored_preferences).map(|(_, stored)| stored);
    assert_eq!(read, Some(kept), "what was taken is not lost");
});
