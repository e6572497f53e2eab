//! Operators are added, read, replaced, patched and removed, each with what belongs to it.

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::TestApp;

use super::{PATH, add, clinic, named, page};
use crate::api::auth::column;

#[tokio::test]
async fn an_operator_is_kept_with_its_contacts_and_services() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let made = admin.post(PATH, clinic()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let body = made.json();
    let path = format!("{PATH}/{}", body["id"].as_str().unwrap());
    assert_eq!(made.headers["location"], path.as_str());
    assert_eq!(made.headers["etag"], "\"1\"");

    let mut ada = app.signed_in("ada").await;
    let read = ada.get(&path).await;
    assert_eq!((read.status.as_u16(), read.json()), (200, body.clone()));
    let mut expected = clinic();
    expected["contacts"][1] = json!({"name": "Grace Hopper", "role": null, "email": null, "phone": null});
    expected["services"][1]["description"] = Value::Null;
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(body[member], *value, "{member}");
    }
    assert_eq!(body["created_at"], "2026-03-14T15:09:26Z");
}

#[tokio::test]
async fn a_replaced_operator_has_what_was_sent_and_nothing_else() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let path = format!("{PATH}/{}", add(&mut admin, clinic()).await);
    app.clock.advance(60);
    let put = |body: Value| Some(("application/json", body.to_string().into_bytes()));
    let answer = admin.send(Method::PUT, &path, put(json!({"name": "Klinik", "services": [{"name": "CT"}]}))).await;
    assert_eq!((answer.status.as_u16(), answer.headers["etag"].to_str().unwrap()), (200, "\"2\""));
    let body = admin.get(&path).await.json();
    assert_eq!(body, answer.json());
    assert_eq!(
        (&body["external_id"], &body["status"], &body["contacts"]),
        (&Value::Null, &json!("active"), &json!([]))
    );
    assert_eq!(body["services"], json!([{"name": "CT", "description": null, "status": "active"}]));
    assert_eq!(
        (&body["created_at"], &body["updated_at"]),
        (&json!("2026-03-14T15:09:26Z"), &json!("2026-03-14T15:10:26Z"))
    );
    for table in ["operator_contacts", "operator_services"] {
        let left = column(&app, &format!("SELECT count(*)::text FROM {table}")).await;
        assert_eq!(left, [if table == "operator_services" { "1" } else { "0" }], "{table}");
    }
    let gone = admin.send(Method::PUT, &format!("{PATH}/01890000-0000-7000-8000-000000000000"), put(clinic())).await;
    assert_eq!(gone.code(), "not_found");
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let path = format!("{PATH}/{}", add(&mut admin, clinic()).await);
    let change = json!({"status": "active", "website": null, "contacts": [{"name": "Edsger"}]});
    let answer = admin.patch(&path, change).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = admin.get(&path).await.json();
    assert_eq!(
        (&body["status"], &body["website"], &body["name"]),
        (&json!("active"), &Value::Null, &json!("Klinik Zürich"))
    );
    assert_eq!(body["contacts"], json!([{"name": "Edsger", "role": null, "email": null, "phone": null}]));
    assert_eq!(body["services"].as_array().unwrap().len(), 2, "what is not named stays");
    assert_eq!(admin.patch(&path, json!({})).await.headers["etag"], "\"3\"");
}

#[tokio::test]
async fn a_removed_operator_is_gone_with_what_belonged_to_it() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let path = format!("{PATH}/{}", add(&mut admin, clinic()).await);
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(admin.delete(&path).await.code(), "not_found");
    assert_eq!(admin.get(&path).await.code(), "not_found");
    let left = "SELECT ((SELECT count(*) FROM operators) + (SELECT count(*) FROM operator_contacts)
        + (SELECT count(*) FROM operator_services))::text";
    assert_eq!(column(&app, left).await, ["0"]);
    named(&mut admin, "Klinik Zürich").await;
}

#[tokio::test]
async fn what_is_no_operator_is_refused_and_never_quoted() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let id = add(&mut admin, clinic()).await;
    let path = format!("{PATH}/{id}");
    for (body, status, code) in [
        ("{\"name\": \"\"}", 400, "invalid_operator"),
        ("{\"name\": \"marker\\u0000\"}", 400, "invalid_operator"),
        ("{\"name\": \"marker\\u202e\"}", 400, "invalid_operator"),
        ("{\"name\": \"a\", \"website\": \"javascript:marker\"}", 400, "invalid_operator"),
        ("{\"name\": \"a\", \"contacts\": [{\"name\": \"b\", \"email\": \"marker\"}]}", 400, "invalid_email"),
        ("{\"name\": \"a\", \"contacts\": [{\"name\": \"b\", \"phone\": \"marker\"}]}", 400, "invalid_operator"),
        ("{\"name\": \"marker\\ud800\"}", 400, "malformed_json"),
        ("{\"name\": \"a\"", 400, "malformed_json"),
        ("{\"name\": \"a\", \"marker\": 1}", 422, "invalid_body"),
        ("{\"name\": \"a\", \"name\": \"b\"}", 422, "invalid_body"),
        ("{\"name\": 7}", 422, "invalid_body"),
        ("{\"name\": \"a\", \"status\": \"marker\"}", 422, "invalid_body"),
        ("{\"name\": \"a\", \"contacts\": {}}", 422, "invalid_body"),
        ("{\"name\": \"a\", \"services\": [7]}", 422, "invalid_body"),
        ("[]", 422, "invalid_body"),
        ("null", 422, "invalid_body"),
    ] {
        for (method, path) in [(Method::POST, PATH), (Method::PUT, &path)] {
            let answer = admin.send(method, path, Some(("application/json", body.as_bytes().to_vec()))).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{body}");
            assert!(!answer.text().contains("marker"), "{}", answer.text());
        }
    }
    let no_name = admin.post(PATH, json!({})).await;
    assert_eq!((no_name.status.as_u16(), no_name.code().as_str()), (422, "invalid_body"));
    for (patch, status, code) in [
        (json!({"name": null}), 422, "invalid_body"),
        (json!({"name": ""}), 400, "invalid_operator"),
        (json!({"marker": 1}), 422, "invalid_body"),
        (json!({"contacts": [{"email": "a@b.example"}]}), 422, "invalid_body"),
        (json!({"status": {"a": 1}}), 422, "invalid_body"),
        (json!([]), 422, "invalid_body"),
    ] {
        let answer = admin.patch(&path, patch.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{patch}");
        assert!(!answer.text().contains("marker"), "{}", answer.text());
    }
    for wrong in ["ada", "1", "..", "01890000"] {
        assert_eq!(admin.get(&format!("{PATH}/{wrong}")).await.code(), "not_found");
    }
    assert_eq!(admin.get(&path).await.headers["etag"], "\"1\"", "nothing has changed");
    assert_eq!(page(&mut admin, "").await.0, ["Klinik Zürich"]);
}

#[tokio::test]
async fn no_two_operators_have_one_name_or_external_id() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    add(&mut admin, clinic()).await;
    let other = named(&mut admin, "Other").await;
    for taken in ["klinik  ZURICH", "Klinik Zu\u{308}rich", "Ｋlinik Zürich"] {
        let answer = admin.post(PATH, json!({ "name": taken })).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "name_taken"), "{taken}");
        let answer = admin.patch(&format!("{PATH}/{other}"), json!({ "name": taken })).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "name_taken"), "{taken}");
    }
    let answer = admin.post(PATH, json!({"name": "Third", "external_id": "op-7"})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "external_id_taken"));
    assert_eq!(admin.post(PATH, json!({"name": "Third", "external_id": "op-8"})).await.status, 201);
}

#[tokio::test]
async fn parallel_changes_leave_one_whole_operator() {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "8")]).await;
    let mut admin = app.administrator("admin").await;
    let path = format!("{PATH}/{}", add(&mut admin, clinic()).await);
    let changes = (0..8).map(|number| {
        let (mut admin, path) = (admin.clone(), path.clone());
        async move {
            let contacts: Vec<_> = (0..=number).map(|at| json!({"name": format!("{number} {at}")})).collect();
            admin.patch(&path, json!({ "contacts": contacts })).await.status.as_u16()
        }
    });
    assert_eq!(join_all(changes).await, [200; 8]);
    let read = admin.get(&path).await;
    assert_eq!(read.headers["etag"], "\"9\"");
    let contacts = read.json()["contacts"].as_array().unwrap().clone();
    let number = contacts[0]["name"].as_str().unwrap().split_once(' ').unwrap().0.to_owned();
    assert_eq!(contacts.len(), number.parse::<usize>().unwrap() + 1, "the contacts of one change: {contacts:?}");
    let makers = (0..8).map(|_| {
        let mut admin = admin.clone();
        async move { admin.post(PATH, json!({"name": "One"})).await.status.as_u16() }
    });
    let mut made = join_all(makers).await;
    made.sort_unstable();
    assert_eq!(made, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn contacts_are_sealed_and_found_by_their_address() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    add(&mut admin, clinic()).await;
    named(&mut admin, "Other").await;
    for (email, found) in [("ada@klinik.EXAMPLE", 1), ("grace@klinik.example", 0), ("ada@klinik", 0)] {
        let answer = admin.post("/api/operators/search", json!({ "email": email })).await;
        let operators = answer.json()["operators"].clone();
        assert_eq!((answer.status.as_u16(), operators.as_array().unwrap().len()), (200, found), "{email}");
        assert!(operators[0]["contacts"].is_null());
    }
    let stored = column(&app, "SELECT encode(details, 'escape') FROM operator_contacts").await.join(" ");
    assert!(!stored.contains("Ada") && !stored.contains("klinik"), "{stored}");
    // A contact that is moved to another row does not open.
    let damage = "UPDATE operator_contacts a SET details = b.details FROM operator_contacts b WHERE a.id <> b.id";
    app.superuser().await.batch_execute(damage).await.unwrap();
    let id = page_id(&mut admin).await;
    assert_eq!(admin.get(&format!("{PATH}/{id}")).await.status, 500);
}

async fn page_id(browser: &mut tests::Browser) -> String {
    let list = browser.get(PATH).await.json();
    list["operators"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_malformed_contact_search_is_refused() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for email in ["", "ada", "a@b@c", "a b@c.example"] {
        let answer = ada.post("/api/operators/search", json!({ "email": email })).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "invalid_email"), "{email:?}");
    }
    assert_eq!(ada.post("/api/operators/search", json!({"name": "a"})).await.code(), "invalid_body");
}
