//! Whatever may stand in the headers that say who asks and on what condition: cookies, `Authorization`, `If-Match`.

#![no_main]

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use shared::fuzzing::bearer;
use shared::http::{EntityTags, cookie_value, entity_tag};

const COOKIE: &str = "__Host-ward_session";

fn alone(name: HeaderName, value: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([(name, value)])
}

fn tags(value: &[u8]) -> Option<EntityTags> {
    let value = HeaderValue::from_bytes(value).expect("of a header's characters");
    let tags = EntityTags::if_match(&alone(header::IF_MATCH, value.clone())).ok().flatten();
    assert_eq!(EntityTags::if_none_match(&alone(header::IF_NONE_MATCH, value)), tags);
    tags
}

fn written(tags: &[(bool, String)]) -> String {
    let tags = tags.iter().map(|(weak, tag)| format!("{}\"{tag}\"", if *weak { "W/" } else { "" }));
    tags.collect::<Vec<_>>().join(", ")
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    if let Some(read) = tags(bytes)
        && let EntityTags::These(list) = &read
    {
        assert_eq!(tags(written(list).as_bytes()).as_ref(), Some(&read));
        for version in list.iter().filter_map(|(_, tag)| tag.parse::<i64>().ok()) {
            let named = |weak| list.contains(&(weak, version.to_string()));
            assert_eq!(read.match_strongly(version), named(false));
            assert_eq!(read.match_weakly(version), named(false) || named(true));
            assert!(tags(entity_tag(version).as_bytes()).expect("a tag of ours").match_strongly(version));
        }
    }
    let Ok(text) = value.to_str() else { return };
    if let Some(token) = bearer(text) {
        assert!(text[..6].eq_ignore_ascii_case("bearer") && text[7..].trim() == token);
    }
    if let Some(found) = cookie_value(&alone(header::COOKIE, value.clone()), COOKIE) {
        let named = |cookie: &str| {
            cookie.split_once('=').is_some_and(|(name, value)| name.trim() == COOKIE && value.trim() == found)
        };
        assert!(text.split(';').any(named), "{found:?} is not the cookie's value");
    }
});
