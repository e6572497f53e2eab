//! `/api/preferences`.

use axum::http::{HeaderName, Method};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Browser, Services, TestApp};

const PATH: &str = "/api/preferences";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// A request with one header more.
async fn send(browser: &mut Browser, method: Method, header: (&'static str, &str), body: Option<&str>) -> Answer {
    let body = body.map(|body| (MERGE_PATCH, body.as_bytes().to_vec()));
    let mut request = browser.request(&method, PATH, body);
    request.headers_mut().insert(HeaderName::from_static(header.0), header.1.parse().unwrap());
    browser.send_request(request).await
}

async fn patch(browser: &mut Browser, body: &str) -> Answer {
    browser.send(Method::PATCH, PATH, Some((MERGE_PATCH, body.as_bytes().to_vec()))).await
}

fn tag(answer: &Answer) -> &str {
    assert!([200, 304].contains(&answer.status.as_u16()), "{}", answer.text());
    answer.headers["etag"].to_str().unwrap()
}

fn defaults() -> Value {
    json!({
        "theme": "system", "language": null, "time_zone": null, "app": {},
        "notifications": {"email": true, "sms": false, "new_device": true, "product": false},
    })
}

#[tokio::test]
async fn preferences_begin_with_their_defaults_and_change_by_merge_patch() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let first = ada.get(PATH).await;
    assert_eq!((tag(&first), first.json()), ("\"0\"", defaults()));

    let changed =
        patch(&mut ada, r#"{"theme":"dark","language":"pt-br","notifications":{"sms":true},"app":{"a":{"b":1.0}}}"#)
            .await;
    assert_eq!(tag(&changed), "\"1\"");
    let mut expected = defaults();
    expected["theme"] = json!("dark");
    expected["language"] = json!("pt-BR");
    expected["notifications"]["sms"] = json!(true);
    expected["app"] = json!({"a": {"b": 1.0}});
    assert_eq!(changed.json(), expected);
    assert!(changed.text().contains(r#"{"b":1.0}"#), "a number keeps its text: {}", changed.text());

    let changed = patch(&mut ada, r#"{"theme":null,"notifications":null,"app":{"a":{"b":null},"c":[null]}}"#).await;
    expected["theme"] = json!("system");
    expected["notifications"]["sms"] = json!(false);
    expected["app"] = json!({"a": {}, "c": [null]});
    assert_eq!((tag(&changed), changed.json()), ("\"2\"", expected.clone()));
    let read = ada.get(PATH).await;
    assert_eq!((tag(&read), read.json()), ("\"2\"", expected));

    let answer = ada.patch(PATH, json!({"time_zone": "Africa/Nairobi"})).await;
    assert_eq!(answer.json()["time_zone"], "Africa/Nairobi", "application/json is taken, too");
}

#[tokio::test]
async fn preferences_are_each_users_own() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    patch(&mut ada, r#"{"theme":"dark"}"#).await;
    assert_eq!(grace.get(PATH).await.json(), defaults());
    patch(&mut grace, r#"{"theme":"light"}"#).await;
    assert_eq!(ada.get(PATH).await.json()["theme"], "dark");
}

#[tokio::test]
async fn what_is_no_preference_is_refused_and_never_quoted() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let nested = |depth: usize| format!(r#"{{"app":{}0{}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let large = format!(r#"{{"app":{{"a":"{}"}}}}"#, "x".repeat(16 * 1024));
    for (body, status, code, path) in [
        (r#"{"theme":"marker"}"#, 422, "invalid_preferences", "theme"),
        (r#"{"language":"marker_marker"}"#, 422, "invalid_preferences", "language"),
        (r#"{"time_zone":"Marker/Marker"}"#, 422, "invalid_preferences", "time_zone"),
        (r#"{"notifications":{"marker":true}}"#, 422, "invalid_preferences", "notifications"),
        (r#"{"notifications":{"email":"marker"}}"#, 422, "invalid_preferences", "notifications.email"),
        (r#"{"marker":null}"#, 422, "invalid_preferences", "theme, language"),
        (r#"{"__proto__":{"theme":"dark"}}"#, 422, "invalid_preferences", "theme, language"),
        (r#"{"app":{"marker":{"__proto__":{"admin":true}}}}"#, 422, "invalid_preferences", "app"),
        (r#"{"app":"marker"}"#, 422, "invalid_preferences", "app"),
        (&large, 422, "invalid_preferences", "app"),
        (&nested(17), 422, "invalid_preferences", "app"),
        (&nested(1_000), 422, "invalid_body", ""),
        (r#"{"theme":"dark","theme":"light"}"#, 422, "invalid_body", "twice"),
        ("[]", 422, "invalid_body", "object"),
        ("null", 422, "invalid_body", "object"),
        (r#""marker""#, 422, "invalid_body", "object"),
        (r#"{"app":{"a":1.5.0}}"#, 400, "malformed_json", ""),
        (r#"{"app":{"a":NaN}}"#, 400, "malformed_json", ""),
        (r#"{"app":{"a":-Infinity}}"#, 400, "malformed_json", ""),
        ("", 400, "malformed_json", ""),
        ("{\"theme\":\"dark\"", 400, "malformed_json", ""),
    ] {
        let answer = patch(&mut ada, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{body:.60}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(path), "{body:.60}: {}", answer.text());
        assert!(!answer.text().contains("arker"), "{}", answer.text());
    }
    for media_type in ["application/json-patch+json", "text/plain", "application/merge-patch"] {
        let answer = ada.send(Method::PATCH, PATH, Some((media_type, b"{}".to_vec()))).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (415, "unsupported_media_type"));
        assert!(answer.headers["accept-patch"].to_str().unwrap().contains(MERGE_PATCH));
    }
    let large = patch(&mut ada, &format!(r#"{{"app":{{"a":"{}"}}}}"#, "x".repeat(64 * 1024))).await;
    assert_eq!(large.code(), "payload_too_large");
    let read = ada.get(PATH).await;
    assert_eq!((tag(&read), read.json()), ("\"0\"", defaults()), "nothing of it was kept");
}

#[tokio::test]
async fn odd_names_and_numbers_come_back_as_they_went_in() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let odd = r#"{"":0,"$serde_json::private::RawValue":"[[[","constructor":{"prototype":{"a":1}},"n":[12345678901234567890123,1e400,-0.0,1.50]}"#;
    patch(&mut ada, &format!(r#"{{"app":{odd}}}"#)).await;
    // A read from the cache, and one from the database.
    for _ in 0..2 {
        let text = ada.get(PATH).await.text();
        assert!(text.contains(&format!(r#""app":{odd}"#)), "{text}");
        app.clock.advance(301);
    }
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_412() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let if_match = async |browser: &mut Browser, tag: &str| {
        send(browser, Method::PATCH, ("if-match", tag), Some(r#"{"theme":"dark"}"#)).await
    };
    assert_eq!(tag(&if_match(&mut ada, "\"0\"").await), "\"1\"");
    for stale in ["\"0\"", "\"2\"", "\"01\"", "W/\"1\"", "\"\"", "\"0\", \"7\""] {
        let answer = if_match(&mut ada, stale).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (412, "version_mismatch"), "{stale}");
    }
    for malformed in ["1", "\"1", "nonsense", ""] {
        let answer = if_match(&mut ada, malformed).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "invalid_if_match"), "{malformed}");
    }
    for (fresh, next) in [("\"1\"", "\"2\""), ("*", "\"3\""), ("\"9\" , \"3\"", "\"4\"")] {
        assert_eq!(tag(&if_match(&mut ada, fresh).await), next);
    }
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let known = async |browser: &mut Browser, tag: &str| {
        let answer = send(browser, Method::GET, ("if-none-match", tag), None).await;
        (answer.status.as_u16(), answer.body.is_empty())
    };
    assert_eq!(known(&mut ada, "\"0\"").await, (304, true));
    patch(&mut ada, r#"{"theme":"dark"}"#).await;
    assert_eq!(known(&mut ada, "\"0\"").await, (200, false));
    for same in ["\"1\"", "W/\"1\"", "\"0\", \"1\"", "*"] {
        assert_eq!(known(&mut ada, same).await, (304, true), "{same}");
    }
    assert_eq!(known(&mut ada, "nonsense").await, (200, false));
}

#[tokio::test]
async fn parallel_changes_without_a_condition_are_all_kept() {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "8")]).await;
    let ada = app.signed_in("ada").await;
    let changes = (0..8).map(|number| {
        let mut browser = ada.clone();
        async move { patch(&mut browser, &format!(r#"{{"app":{{"n{number}":{number}}}}}"#)).await }
    });
    let answers = join_all(changes).await;
    let mut tags: Vec<_> = answers.iter().map(tag).collect();
    tags.sort_unstable();
    assert_eq!(tags, ["\"1\"", "\"2\"", "\"3\"", "\"4\"", "\"5\"", "\"6\"", "\"7\"", "\"8\""]);
    let kept = ada.clone().get(PATH).await.json();
    assert_eq!(kept["app"].as_object().unwrap().len(), 8, "{kept}");
}

#[tokio::test]
async fn of_parallel_changes_of_one_version_one_wins() {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "8")]).await;
    let ada = app.signed_in("ada").await;
    let changes = (0..8).map(|number| {
        let mut browser = ada.clone();
        async move {
            let body = format!(r#"{{"app":{{"n{number}":{number}}}}}"#);
            send(&mut browser, Method::PATCH, ("if-match", "\"0\""), Some(&body)).await.status.as_u16()
        }
    });
    let mut statuses = join_all(changes).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
    assert_eq!(ada.clone().get(PATH).await.json()["app"].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_on_one_instance_is_seen_on_the_other() {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    let app = TestApp::with(&[("REDIS_URL", &redis)]).await;
    let mut here = app.signed_in("ada").await;
    let mut there = app.on_another_instance(&here);
    for theme in ["dark", "light", "dark"] {
        for browser in [&mut here, &mut there] {
            browser.get(PATH).await;
        }
        let answer = patch(&mut here, &format!(r#"{{"theme":"{theme}"}}"#)).await;
        let seen = there.get(PATH).await;
        assert_eq!((tag(&seen), &seen.json()["theme"]), (tag(&answer), &json!(theme)));
    }
    // The cache holds nothing that could be read, and nothing that could be exchanged unnoticed.
    let key = format!("{}:dev:preferences:{}", app.platform.settings.app, here_id(&mut here).await);
    let cli = |arguments: &[&str]| {
        let socket = Services::get().redis_socket();
        let output = std::process::Command::new("redis-cli").arg("-s").arg(socket).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(cli(&["EXISTS", &key]).contains('1'));
    assert!(!cli(&["GET", &key]).contains("dark"));
    for forged in ["0000000009{\"theme\":\"light\"}", "nonsense", "0000000009"] {
        cli(&["SET", &key, forged, "EX", "60"]);
        let seen = there.get(PATH).await;
        assert_eq!((tag(&seen), &seen.json()["theme"]), ("\"3\"", &json!("dark")), "{forged}");
    }
}

async fn here_id(browser: &mut Browser) -> String {
    browser.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned()
}
