//! Whatever may come as a token that is looked up: it is refused, or it has one spelling and is of one kind.

#![no_main]

use auth::fuzzing::cursor;
use auth::tokens::RefreshToken;
use libfuzzer_sys::fuzz_target;
use shared::identity::{ApiKey, CookieToken, SessionToken};

fuzz_target!(|text: &str| {
    let mut kinds = 0;
    if let Some(key) = ApiKey::parse(text) {
        assert_eq!(key.reveal(), text);
        assert!(text.starts_with(key.hint()) && key.hint().len() == 9);
        kinds += 1;
    }
    if let Some(token) = RefreshToken::parse(text) {
        assert_eq!(*token.reveal(), text);
        kinds += 1;
    }
    if let Some(token) = SessionToken::parse(text) {
        assert_eq!(token.reveal(), text);
        kinds += 1;
    }
    if let Some(token) = CookieToken::parse(text) {
        assert_eq!(token.reveal(), text);
        assert!(token.csrf_matches(&token.csrf()) && !token.csrf_matches(text));
        kinds += 1;
    }
    if let Some(told) = cursor(text) {
        assert_eq!(told, text);
        kinds += 1;
    }
    assert!(kinds <= 1, "a token is of one kind");
});
