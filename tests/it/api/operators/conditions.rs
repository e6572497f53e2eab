//! `ETag`, `If-Match` and `If-None-Match` of operators.

use axum::http::Method;
use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::{PATH, add, clinic, named, send, tag};

#[tokio::test]
async fn an_operator_that_has_changed_meanwhile_is_not_changed() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let path = format!("{PATH}/{}", add(&mut admin, clinic()).await);
    let with = async |browser: &mut Browser, method: Method, condition: &str| {
        let body = (method != Method::DELETE).then(|| json!({"name": "Next"}));
        send(browser, method, &path, ("if-match", condition), body).await
    };
    for stale in ["\"0\"", "\"2\"", "W/\"1\"", "\"\"", "\"2\", \"3\""] {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = with(&mut admin, method.clone(), stale).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (412, "version_mismatch"), "{method} {stale}");
        }
    }
    for malformed in ["1", "\"1", "nonsense", ""] {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            assert_eq!(with(&mut admin, method, malformed).await.code(), "invalid_if_match", "{malformed}");
        }
    }
    assert_eq!(tag(&with(&mut admin, Method::PUT, "\"1\"").await), "\"2\"");
    assert_eq!(tag(&with(&mut admin, Method::PATCH, "\"9\", \"2\"").await), "\"3\"");
    assert_eq!(tag(&with(&mut admin, Method::PATCH, "*").await), "\"4\"");
    assert_eq!(with(&mut admin, Method::DELETE, "\"4\"").await.status, 204);
    assert_eq!(with(&mut admin, Method::PATCH, "*").await.code(), "not_found");
}

#[tokio::test]
async fn what_is_known_of_operators_is_not_sent_again() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let path = format!("{PATH}/{}", named(&mut admin, "a").await);
    let known = async |browser: &mut Browser, path: &str, tag: &str| {
        let answer = send(browser, Method::GET, path, ("if-none-match", tag), None::<Value>).await;
        (answer.status.as_u16(), answer.body.is_empty())
    };
    for path in [path.as_str(), PATH, "/api/operators?q=a&limit=1"] {
        let read = tag(&admin.get(path).await);
        for same in [read.clone(), format!("W/{read}"), format!("\"x\", {read}"), "*".to_owned()] {
            assert_eq!(known(&mut admin, path, &same).await, (304, true), "{path} {same}");
        }
        assert_eq!(known(&mut admin, path, "\"77\"").await, (200, false), "{path}");
    }
    let (one, list) = (tag(&admin.get(&path).await), tag(&admin.get(PATH).await));
    assert_eq!(admin.patch(&path, json!({"status": "inactive"})).await.status, 200);
    assert_eq!(known(&mut admin, &path, &one).await, (200, false));
    assert_eq!(known(&mut admin, PATH, &list).await, (200, false));
}
