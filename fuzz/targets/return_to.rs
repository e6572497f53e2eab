//! Wherever a visit may be asked to come back to: it is refused, or it is a page of ours to whoever reads it.

#![no_main]

use auth::fuzzing::return_to;
use libfuzzer_sys::fuzz_target;
use url::Url;

const ORIGIN: &str = "https://app.example:8443";
const FRAGMENT: &str = "#/sign-in?error=x";

fuzz_target!(|text: &str| {
    let origin = Url::parse(ORIGIN).expect("an origin");
    let Some(location) = return_to(text, &origin, FRAGMENT) else { return };
    let path = location.strip_prefix(ORIGIN).and_then(|rest| rest.strip_suffix(FRAGMENT)).expect("a path of ours");
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic()));
    let url = Url::parse(&location).expect("an address");
    assert_eq!(url.as_str(), location, "there is nothing left to normalise");
    assert_eq!(url.origin(), origin.origin());
    assert!(url.username().is_empty() && url.password().is_none());
    assert!(!url.path().starts_with("//") && !url.path().starts_with("/api/"));
    // Also where only the path is sent on, and where it is read once more.
    assert_eq!(origin.join(path).expect("a path").origin(), origin.origin());
    assert_eq!(return_to(path, &origin, FRAGMENT), Some(location.clone()));
});
