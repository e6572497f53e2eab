//! Consents.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Browser, TestApp};

const PATH: &str = "/api/account/consents";

fn consent(purpose: &str, version: &str) -> Value {
    json!({"purpose": purpose, "version": version, "text_sha256": "ab".repeat(32)})
}

async fn give(browser: &mut Browser, consent: Value) -> Value {
    let answer = browser.post(PATH, consent).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Purpose, version and state of each.
fn told(list: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |consent: &Value| (text(&consent["purpose"]), text(&consent["version"]), text(&consent["state"]));
    list.as_array().unwrap().iter().map(one).collect()
}

fn rows(expected: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    expected.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

#[tokio::test]
async fn a_consent_is_given_renewed_and_withdrawn_and_all_of_it_is_kept() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    assert_eq!(ada.get(PATH).await.json(), json!({"consents": [], "history": [], "next_cursor": null}));
    let answer = ada
        .post(PATH, json!({"purpose": "terms", "version": "1", "text_sha256": "AB".repeat(32), "locale": "de"}))
        .await;
    let first = answer.json();
    assert_eq!((&first["state"], &first["locale"]), (&json!("given"), &json!("de")));
    assert_eq!((&first["at"], &first["text_sha256"]), (&json!("2026-03-14T15:09:26Z"), &json!("ab".repeat(32))));
    assert_eq!(first["request_id"], answer.headers["x-request-id"].to_str().unwrap());
    app.clock.advance(1);
    let again =
        give(&mut ada, json!({"purpose": "terms", "version": "1", "text_sha256": "ab".repeat(32), "locale": "de"}))
            .await;
    assert_eq!(again, first, "given already");
    give(&mut ada, consent("terms", "2")).await;
    give(&mut ada, consent("research", "1")).await;
    let withdrawn = ada.delete(&format!("{PATH}/terms")).await.json();
    assert_eq!((&withdrawn["state"], &withdrawn["version"]), (&json!("withdrawn"), &json!("2")));
    assert_eq!(ada.delete(&format!("{PATH}/terms")).await.json(), withdrawn, "withdrawn already");

    let list = ada.get(PATH).await.json();
    assert_eq!(told(&list["consents"]), rows(&[("research", "1", "given"), ("terms", "2", "withdrawn")]));
    let history =
        [("terms", "2", "withdrawn"), ("research", "1", "given"), ("terms", "2", "given"), ("terms", "1", "given")];
    assert_eq!(told(&list["history"]), rows(&history));
    give(&mut ada, consent("terms", "2")).await;
    let list = ada.get(PATH).await.json();
    assert_eq!(told(&list["consents"])[1], ("terms".into(), "2".into(), "given".into()));
    assert_eq!(list["history"].as_array().unwrap().len(), 5, "given anew");

    let (mut pages, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = ada.get(&format!("{PATH}?{query}")).await.json();
        pages.extend(told(&page["history"]));
        let Some(next) = page["next_cursor"].as_str() else { break };
        query = format!("limit=2&cursor={next}");
    }
    assert_eq!(pages, told(&list["history"]));
}

#[tokio::test]
async fn consents_are_each_users_own() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    give(&mut ada, consent("terms", "1")).await;
    give(&mut ada, consent("research", "1")).await;
    let cursor = ada.get(&format!("{PATH}?limit=1")).await.json()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(grace.get(PATH).await.json()["consents"], json!([]));
    assert_eq!(grace.get(&format!("{PATH}?cursor={cursor}")).await.json()["history"], json!([]));
    assert_eq!(grace.delete(&format!("{PATH}/terms")).await.code(), "not_found");
    give(&mut grace, consent("terms", "9")).await;
    assert_eq!(told(&ada.get(PATH).await.json()["consents"])[1], ("terms".into(), "1".into(), "given".into()));
}

#[tokio::test]
async fn what_is_no_consent_is_refused() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let with = |member: &str, value: Value| {
        let mut consent = consent("terms", "1");
        consent[member] = value;
        consent
    };
    for (body, status, code) in [
        (with("purpose", json!("Terms of Ada")), 400, "invalid_purpose"),
        (with("purpose", json!("a\u{0}")), 400, "invalid_purpose"),
        (with("version", json!("")), 400, "invalid_version"),
        (with("text_sha256", json!("ab")), 400, "invalid_hash"),
        (with("text_sha256", json!("zz".repeat(32))), 400, "invalid_hash"),
        (with("locale", json!("pt BR")), 400, "invalid_locale"),
        (with("user_id", json!("x")), 422, "invalid_body"),
        (with("version", json!(1)), 422, "invalid_body"),
        (json!({"purpose": "terms"}), 422, "invalid_body"),
        (json!(null), 422, "invalid_body"),
    ] {
        let answer = ada.post(PATH, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{body}");
    }
    for purpose in ["nothing", "NOTHING", "%00", "%ff", "..%2f"] {
        assert_eq!(ada.delete(&format!("{PATH}/{purpose}")).await.code(), "not_found", "{purpose}");
    }
    for (query, code) in [
        ("limit=0", "invalid_limit"),
        ("limit=101", "invalid_limit"),
        ("cursor=x", "invalid_cursor"),
        ("a=b", "invalid_query"),
    ] {
        let answer = ada.get(&format!("{PATH}?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{query}");
    }
    assert_eq!(ada.get(PATH).await.json()["history"], json!([]));
}

#[tokio::test]
async fn of_parallel_consents_to_one_text_one_is_kept() {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "8")]).await;
    let ada = app.signed_in("ada").await;
    let given = (0..8).map(|_| {
        let mut browser = ada.clone();
        async move { give(&mut browser, consent("terms", "1")).await["id"].clone() }
    });
    let ids = join_all(given).await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(ada.clone().get(PATH).await.json()["history"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_applications_role_changes_no_consent() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    give(&mut ada, consent("terms", "1")).await;
    let role = app.app_role().await;
    for statement in ["UPDATE consents SET version = '9'", "DELETE FROM consents", "TRUNCATE consents"] {
        let error = role.batch_execute(statement).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{statement}");
    }
}

#[tokio::test]
async fn a_user_decides_about_fifty_purposes() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for number in 0..50 {
        give(&mut ada, consent(&format!("purpose-{number}"), "1")).await;
    }
    let more = ada.post(PATH, consent("one-more", "1")).await;
    assert_eq!((more.status.as_u16(), more.code().as_str()), (409, "too_many_purposes"));
    give(&mut ada, consent("purpose-7", "2")).await;
}

#[tokio::test]
async fn no_api_key_decides_about_consents_or_the_account() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let mut client = app.browser();
    client.origin = None;
    client.bearer = Some(crate::api::users::key_of(&mut ada, &["account:read", "storage:write"]).await);
    for answer in [
        client.get(PATH).await,
        client.post(PATH, consent("terms", "1")).await,
        client.get("/api/account").await,
        client.get("/api/account/access-log").await,
        super::delete(&mut client, "ada").await,
        client.post(super::CANCEL, json!(null)).await,
    ] {
        assert_eq!(answer.code(), "api_key_refused");
    }
}
