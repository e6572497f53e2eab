//! `/api/storage`.

mod batch;
mod conditions;
mod hostile;
mod keys;
mod limits;
mod model;
mod races;
mod versions;

use axum::http::{HeaderName, Method};
use serde_json::{Value, json};
use tests::{Answer, Browser, TestApp};

/// A request with one header more.
async fn send(
    browser: &mut Browser,
    method: Method,
    path: &str,
    header: (&'static str, &str),
    body: Option<Value>,
) -> Answer {
    let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
    let mut request = browser.request(&method, path, body);
    request.headers_mut().insert(HeaderName::from_static(header.0), header.1.parse().unwrap());
    browser.send_request(request).await
}

/// Sets a value under a condition, whatever the answer.
async fn set_if(browser: &mut Browser, key: &str, value: Value, header: (&'static str, &str)) -> Answer {
    send(browser, Method::POST, "/api/storage/set", header, Some(json!({"key": key, "value": value}))).await
}

/// Sends a body as it is.
async fn post_text(browser: &mut Browser, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    browser.send(Method::POST, path, Some(("application/json", body.into()))).await
}

/// The value under a key.
async fn value(browser: &mut Browser, key: &str) -> Value {
    let answer = browser.get(&format!("/api/storage/get?key={key}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["value"].clone()
}

/// All keys, where they fit on one page.
async fn keys(browser: &mut Browser) -> Vec<String> {
    let page = browser.get("/api/storage/keys").await.json();
    assert_eq!(page["next_cursor"], Value::Null);
    serde_json::from_value(page["keys"].clone()).unwrap()
}

/// What a user has in the tables: live keys, deleted keys, former versions. The counters agree.
async fn rows(app: &TestApp) -> (i64, i64, i64) {
    let database = app.superuser().await;
    let drift = "SELECT count(*) FROM storage_counters c, LATERAL (
             SELECT count(*) FILTER (WHERE live) AS keys, coalesce(sum(size), 0) AS bytes FROM (
                 SELECT deleted_at IS NULL AS live, stored_size(key_name, encrypted_data, metadata) AS size
                 FROM encrypted_storage s WHERE s.user_id = c.user_id
                 UNION ALL
                 SELECT false, stored_size(key_name, encrypted_data, metadata)
                 FROM storage_versions v WHERE v.user_id = c.user_id) each) counted
         WHERE c.keys <> counted.keys OR c.bytes <> counted.bytes";
    assert_eq!(database.query_one(drift, &[]).await.unwrap().get::<_, i64>(0), 0, "the counters have drifted");
    let counts = "SELECT (SELECT count(*) FROM encrypted_storage WHERE deleted_at IS NULL),
                         (SELECT count(*) FROM encrypted_storage WHERE deleted_at IS NOT NULL),
                         (SELECT count(*) FROM storage_versions)";
    let row = database.query_one(counts, &[]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

async fn set(browser: &mut Browser, key: &str, value: Value) {
    let answer = browser.post("/api/storage/set", json!({"key": key, "value": value})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn set_and_get_any_json() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    for value in [json!(null), json!(1.5e300), json!("text"), json!([1, [2, {"a": null}]]), json!({"k": "é\u{1F600}"})]
    {
        set(&mut browser, "note", value.clone()).await;
        let got = browser.get("/api/storage/get?key=note").await;
        assert_eq!(got.json()["value"], value);
        assert_eq!(got.json()["updated_at"], "2026-03-14T15:09:26Z");
    }
}

#[tokio::test]
async fn a_value_keeps_the_text_it_was_written_in() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let body = br#"{"key":"n","value":{"b":1.0,"a":123456789012345678901234567890}}"#.to_vec();
    let answer = browser.send(Method::POST, "/api/storage/set", Some(("application/json", body))).await;
    assert_eq!(answer.status, 200);
    let got = browser.get("/api/storage/get?key=n").await.text();
    assert!(got.contains(r#""value":{"b":1.0,"a":123456789012345678901234567890}"#), "{got}");
}

#[tokio::test]
async fn set_refuses_a_malformed_key() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    for key in ["", "a\u{0}b", &"k".repeat(256)] {
        let answer = browser.post("/api/storage/set", json!({"key": key, "value": 1})).await;
        assert_eq!(answer.code(), "invalid_key");
    }
    assert_eq!(browser.post("/api/storage/set", json!({"key": "k"})).await.code(), "invalid_body");
    assert!(keys(&mut browser).await.is_empty());
}

#[tokio::test]
async fn a_value_of_four_megabytes_fits_and_a_longer_one_does_not() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let longest = "x".repeat(4 * 1024 * 1024 - 2);
    set(&mut browser, "large", json!(longest)).await;
    assert_eq!(browser.get("/api/storage/get?key=large").await.json()["value"], longest);
    let answer = browser.post("/api/storage/set", json!({"key": "larger", "value": format!("{longest}x")})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "payload_too_large"));
    let answer = browser.post("/api/storage/set", json!({"key": "k", "value": "x".repeat(6_000_000)})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "payload_too_large"));
}

#[tokio::test]
async fn get_says_404_of_what_is_not_there() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    assert_eq!(browser.get("/api/storage/get?key=nothing").await.code(), "not_found");
}

#[tokio::test]
async fn get_refuses_a_malformed_query() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    for path in ["/api/storage/get", "/api/storage/get?name=a", "/api/storage/get?key=a&other=b"] {
        assert_eq!(browser.get(path).await.code(), "invalid_query", "{path}");
    }
    assert_eq!(browser.get("/api/storage/get?key=").await.code(), "invalid_key");
}

#[tokio::test]
async fn another_users_value_is_not_there() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    set(&mut ada, "note", json!("ada's")).await;
    assert_eq!(grace.get("/api/storage/get?key=note").await.status, 404);
    assert_eq!(grace.delete("/api/storage/delete?key=note").await.status, 404);
    assert!(keys(&mut grace).await.is_empty());
    set(&mut grace, "note", json!("grace's")).await;
    assert_eq!(grace.post("/api/storage/clear", Value::Null).await.json(), json!({"deleted": 1}));
    assert_eq!(ada.get("/api/storage/get?key=note").await.json()["value"], "ada's");
}

#[tokio::test]
async fn delete_forgets_a_key_once() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    set(&mut browser, "note", json!(1)).await;
    assert_eq!(browser.delete("/api/storage/delete?key=note").await.status, 204);
    assert_eq!(browser.delete("/api/storage/delete?key=note").await.status, 404);
    assert_eq!(browser.get("/api/storage/get?key=note").await.status, 404);
}

#[tokio::test]
async fn delete_refuses_a_malformed_query() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    assert_eq!(browser.delete("/api/storage/delete").await.code(), "invalid_query");
}

#[tokio::test]
async fn clear_forgets_everything() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    for key in ["b", "a", "c"] {
        set(&mut browser, key, json!(key)).await;
    }
    assert_eq!(keys(&mut browser).await, ["a", "b", "c"]);
    assert_eq!(browser.post("/api/storage/clear", Value::Null).await.json(), json!({"deleted": 3}));
    assert!(keys(&mut browser).await.is_empty());
}

#[tokio::test]
async fn what_changes_something_needs_the_csrf_token() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    set(&mut browser, "note", json!(1)).await;
    let mut forger = browser.clone();
    forger.csrf = None;
    for answer in [
        forger.post("/api/storage/clear", Value::Null).await,
        forger.delete("/api/storage/delete?key=note").await,
        forger.post("/api/storage/set", json!({"key": "note", "value": 2})).await,
    ] {
        assert_eq!(answer.code(), "csrf_token_invalid");
    }
    assert_eq!(browser.get("/api/storage/get?key=note").await.json()["value"], 1);
}

#[tokio::test]
async fn a_moved_row_a_changed_byte_and_another_owners_row_do_not_open() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    for key in ["one", "two"] {
        set(&mut ada, key, json!(key)).await;
        set(&mut grace, key, json!(key)).await;
    }
    let database = app.superuser().await;
    let me = async |browser: &mut Browser| {
        browser.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned()
    };
    let (ada_id, grace_id) = (me(&mut ada).await, me(&mut grace).await);
    for damage in [
        // Ada's two values change places.
        format!(
            "UPDATE encrypted_storage a SET encrypted_data = b.encrypted_data FROM encrypted_storage b
                 WHERE a.user_id = b.user_id AND a.id <> b.id AND a.user_id = '{ada_id}'"
        ),
        // Grace's values are put into Ada's rows.
        format!(
            "UPDATE encrypted_storage a SET encrypted_data = b.encrypted_data FROM encrypted_storage b
                 WHERE a.user_id = '{ada_id}' AND b.user_id = '{grace_id}' AND a.id <> b.id"
        ),
        "UPDATE encrypted_storage SET encrypted_data = set_byte(encrypted_data, length(encrypted_data) - 1,
             get_byte(encrypted_data, length(encrypted_data) - 1) # 1)"
            .to_owned(),
    ] {
        set(&mut ada, "one", json!("one")).await;
        set(&mut ada, "two", json!("two")).await;
        assert_eq!(ada.get("/api/storage/get?key=one").await.status, 200);
        assert!(database.execute(&damage, &[]).await.unwrap() > 0);
        for key in ["one", "two"] {
            let answer = ada.get(&format!("/api/storage/get?key={key}")).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "internal"), "{damage}");
        }
    }
}
