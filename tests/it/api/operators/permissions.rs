//! Who reads the directory, who writes it, and that the database asks again.

use axum::http::Method;
use serde_json::json;
use tests::{Browser, TestApp};

use super::{PATH, add, clinic};
use crate::api::users::{id_of, key_of};

const ROLES: [&str; 6] = ["user", "radiologist", "verifier", "accounting", "teaching", "auditor"];

#[tokio::test]
async fn everybody_reads_the_directory_and_administrators_write_it() {
    let app = TestApp::new().await;
    let (mut admin, mut ada) = (app.administrator("admin").await, app.signed_in("ada").await);
    let path = format!("{PATH}/{}", add(&mut admin, clinic()).await);
    let ada_id = id_of(&mut ada).await;
    for role in ROLES {
        app.set_role(&ada_id, role).await;
        assert_eq!(ada.get(PATH).await.json()["operators"].as_array().unwrap().len(), 1, "{role}");
        assert_eq!(ada.get(&path).await.json()["contacts"][0]["name"], "Ada Lovelace", "{role}");
        let search = ada.post("/api/operators/search", json!({"email": "ada@klinik.example"})).await;
        assert_eq!(search.status, 200, "{role}");
        for (method, path, body) in [
            (Method::POST, PATH, Some(json!({"name": "Mine"}))),
            (Method::PUT, &path, Some(json!({"name": "Mine"}))),
            (Method::PATCH, &path, Some(json!({"name": "Mine"}))),
            (Method::DELETE, &path, None),
        ] {
            let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
            let answer = ada.send(method.clone(), path, body).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "not_permitted"), "{role} {method}");
        }
    }
    assert_eq!(admin.get(&path).await.json()["name"], "Klinik Zürich");
}

#[tokio::test]
async fn the_database_lets_administrators_write_and_nobody_else() {
    let app = TestApp::new().await;
    let (mut admin, mut ada) = (app.administrator("admin").await, app.signed_in("ada").await);
    add(&mut admin, clinic()).await;
    let (admin_id, ada_id) = (id_of(&mut admin).await, id_of(&mut ada).await);
    let role = app.app_role().await;
    let be = async |user: &str| role.batch_execute(&format!("SET ward.user_id = '{user}'")).await.unwrap();
    let tables = ["operators", "operator_contacts", "operator_services", "operators_generation"];
    let seen = async |table: &str| role.query(&format!("SELECT 1 FROM {table}"), &[]).await.unwrap().len();
    let insert = "INSERT INTO operators (id, name, name_key, search_text, status, created_at, updated_at)
        VALUES (gen_random_uuid(), 'x', 'x', 'x', 'active', now(), now())";
    let changed =
        async |sql: &str| role.execute(sql, &[]).await.map_err(|error| error.code().unwrap().code().to_owned());

    for nobody in ["", "00000000-0000-0000-0000-000000000000", "01890000-0000-7000-8000-000000000000"] {
        be(nobody).await;
        for table in tables {
            assert_eq!(seen(table).await, 0, "{nobody} {table}");
        }
        assert_eq!(changed(insert).await, Err("42501".into()), "{nobody}");
    }
    for name in ROLES {
        app.set_role(&ada_id, name).await;
        be(&ada_id).await;
        for table in tables {
            assert!(seen(table).await > 0, "{name} {table}");
        }
        assert_eq!(changed(insert).await, Err("42501".into()), "{name}");
        for sql in [
            "UPDATE operators SET name = 'x'",
            "UPDATE operators_generation SET value = 7",
            "DELETE FROM operators",
            "DELETE FROM operator_contacts",
            "UPDATE operator_services SET name = 'x'",
        ] {
            assert_eq!(changed(sql).await, Ok(0), "{name}: {sql}");
        }
    }
    be(&admin_id).await;
    assert_eq!(changed("UPDATE operators SET description = 'x'").await, Ok(1));
    assert_eq!(changed(insert).await, Ok(1));
    assert_eq!(changed("DELETE FROM operators_generation").await, Err("42501".into()));
    let superuser = app.superuser().await;
    superuser.execute("UPDATE users SET status = 'disabled' WHERE id::text = $1", &[&admin_id]).await.unwrap();
    assert_eq!(seen("operators").await, 0);
    assert_eq!(changed("UPDATE operators SET description = 'y'").await, Ok(0));
}

#[tokio::test]
async fn a_key_reads_or_writes_the_directory_as_its_scopes_say() {
    let app = TestApp::new().await;
    let (mut admin, mut ada) = (app.administrator("admin").await, app.signed_in("ada").await);
    let key = async |browser: &mut Browser, scope: &str| {
        let mut client = app.browser();
        client.bearer = Some(key_of(browser, &[scope]).await);
        client
    };
    let (mut reader, mut writer) = (key(&mut ada, "operators:read").await, key(&mut admin, "operators:write").await);
    assert_eq!(writer.post(PATH, clinic()).await.status, 201);
    assert_eq!(writer.get(PATH).await.code(), "scope_missing");
    assert_eq!(reader.get(PATH).await.status, 200);
    assert_eq!(reader.post("/api/operators/search", json!({"email": "a@b.example"})).await.status, 200);
    assert_eq!(reader.post(PATH, clinic()).await.code(), "scope_missing");
    let refused = ada.post("/api/auth/api-keys", json!({"name": "x", "scopes": ["operators:write"]})).await;
    assert_eq!(refused.code(), "not_permitted", "no key may do more than who makes it");
}
