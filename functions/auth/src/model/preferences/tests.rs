use super::*;

fn members(text: &str) -> Members {
    match Json::parse(text.as_bytes(), 64) {
        Ok(Json::Object(members)) => members,
        other => panic!("{text} is {other:?}"),
    }
}

fn set(text: &str) -> Result<String, Invalid> {
    let mut preferences = Preferences::default();
    preferences.apply(members(text))?;
    Ok(serde_json::to_string(&preferences).unwrap())
}

#[test]
fn what_is_stored_is_what_was_set() {
    let text = r#"{"theme":"dark","language":"pt-br","time_zone":"africa/nairobi","notifications":{"sms":true}}"#;
    let stored = r#"{"theme":"dark","language":"pt-BR","time_zone":"Africa/Nairobi","notifications":{"sms":true}}"#;
    assert_eq!(set(text).unwrap(), stored);
    assert_eq!(set(r#"{"theme":null,"app":{"a":null},"notifications":null}"#).unwrap(), r#"{"notifications":{}}"#);
    let read = Preferences::stored(members(stored));
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
}

#[test]
fn a_stored_member_that_the_schema_has_lost_is_left_out() {
    let text = r#"{"theme":"sepia","language":"sw","gone":1,"notifications":{"fax":true}}"#;
    assert_eq!(
        serde_json::to_string(&Preferences::stored(members(text))).unwrap(),
        r#"{"language":"sw","notifications":{}}"#
    );
}

#[test]
fn tags_and_zones_are_those_of_the_standards() {
    for (tag, canonical) in [
        ("en", "en"),
        ("EN-us", "en-US"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("de-1996", "de-1996"),
        ("es-419", "es-419"),
        ("ar-u-nu-latn", "ar-u-nu-latn"),
    ] {
        assert_eq!(
            set(&format!(r#"{{"language":"{tag}"}}"#)).unwrap(),
            format!(r#"{{"language":"{canonical}","notifications":{{}}}}"#)
        );
    }
    for wrong in ["", "e", "english please", "en_US", "en--US", "en-", "en-u-ca-gregory-nu-latn-hc-h23-va-posix", "123"]
    {
        assert!(set(&format!(r#"{{"language":"{wrong}"}}"#)).is_err(), "{wrong}");
    }
    for right in ["UTC", "Europe/Kyiv", "Europe/Kiev", "Asia/Calcutta", "America/Argentina/Buenos_Aires", "Etc/GMT+3"] {
        assert!(set(&format!(r#"{{"time_zone":"{right}"}}"#)).is_ok(), "{right}");
    }
    for wrong in ["", "Mars/Olympus", "+03:00", "../etc/passwd", "Europe/Berlin "] {
        assert!(set(&format!(r#"{{"time_zone":"{wrong}"}}"#)).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_wrong_is_said_by_the_schemas_names() {
    for (text, path) in [
        (r#"{"theme":"pink"}"#, "theme"),
        (r#"{"theme":1}"#, "theme"),
        (r#"{"theme":{}}"#, "theme"),
        (r#"{"language":["en"]}"#, "language"),
        (r#"{"notifications":true}"#, "notifications"),
        (r#"{"notifications":{"email":"yes"}}"#, "notifications.email"),
        (r#"{"notifications":{"email":{"a":1}}}"#, "notifications.email"),
        (r#"{"notifications":{"fax":true}}"#, "In notifications"),
        (r#"{"app":[1]}"#, "app"),
        (r#"{"app":"text"}"#, "app"),
        (r#"{"app":{"a":[{"__proto__":{"admin":true}}]}}"#, "app"),
        (r#"{"fonts":null}"#, "There are theme"),
        (r#"{"__proto__":{"theme":"dark"}}"#, "There are theme"),
        (r#"{"Theme":"dark"}"#, "There are theme"),
    ] {
        let Invalid(detail) = set(text).unwrap_err();
        assert!(detail.starts_with(path), "{text}: {detail}");
    }
}

#[test]
fn the_applications_part_is_bounded_as_it_stands_after_the_merge() {
    let nested = |depth: usize| format!(r#"{{"app":{}1{}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
    assert!(set(&nested(DEEPEST_APP)).is_ok());
    assert!(set(&nested(DEEPEST_APP + 1)).is_err());

    let mut preferences = Preferences::default();
    let half = |name: &str| members(&format!(r#"{{"app":{{"{name}":"{}"}}}}"#, "x".repeat(LARGEST_APP / 2)));
    assert!(preferences.apply(half("a")).is_ok());
    assert_eq!(preferences.clone().apply(half("b")), Err(Invalid("app is over 16 KB.")));
    assert!(preferences.apply(half("a")).is_ok(), "it takes the place of the first");
    // A name like any other.
    assert!(set(r#"{"app":{"constructor":{"prototype":1}}}"#).is_ok());
}
