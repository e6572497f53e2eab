//! Seeing users.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::Method;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use shared::clock::Random;
use shared::vault::keyring::{NewDataKey, SecretKey, WrappedKey};
use shared::vault::{FileKeyring, KeyContext, Keyring, VaultError};
use tests::{Browser, TestApp};

use super::{NOBODY, events, id_of};

async fn page(browser: &mut Browser, query: &str) -> Value {
    let answer = browser.get(&format!("/api/users?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn names(page: &Value) -> Vec<&str> {
    page["users"].as_array().expect("users").iter().map(|user| user["username"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn users_are_listed_a_page_at_a_time() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    for name in ["ada", "grace", "edsger"] {
        app.signed_in(name).await;
    }
    let first = page(&mut admin, "limit=2").await;
    assert_eq!(names(&first), ["admin", "ada"]);
    let ada = &first["users"][1];
    assert_eq!(ada["display_name"], "Display ada");
    assert_eq!((&ada["role"], &ada["status"]), (&json!("user"), &json!("active")));
    assert_eq!(ada["created_at"], "2026-03-14T15:09:26Z");

    let cursor = first["next_cursor"].as_str().expect("there are more");
    let second = page(&mut admin, &format!("limit=2&cursor={cursor}")).await;
    assert_eq!(names(&second), ["grace", "edsger"]);
    assert_eq!(second["next_cursor"], Value::Null, "the last page, though it is full");
    assert_eq!(names(&page(&mut admin, "").await).len(), 4);

    // Each user who was shown has a row that says so, in the access's own transaction.
    let admin_id = id_of(&mut admin).await;
    let sql = "SELECT count(*), count(DISTINCT user_id) FROM audit_log
               WHERE action = 'user.list' AND actor_id::text = $1 AND session_id IS NOT NULL AND address = '192.0.2.7'";
    let rows = app.superuser().await.query_one(sql, &[&admin_id]).await.unwrap();
    assert_eq!((rows.get::<_, i64>(0), rows.get::<_, i64>(1)), (8, 4));
}

#[tokio::test]
async fn users_are_found_by_role_status_name_and_address() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let mut grace = app.signed_in("Grace  Hopper").await;
    app.set_role(&id_of(&mut grace).await, "auditor").await;
    let ada = json!({"username": "ada", "display_name": "Ada", "email": "Ada@Example.org", "role": "user"});
    assert_eq!(admin.post("/api/users", ada).await.status, 201);

    for (query, found) in [
        ("role=auditor", vec!["Grace Hopper"]),
        ("role=teaching", vec![]),
        ("status=invited", vec!["ada"]),
        ("status=active&role=admin", vec!["admin"]),
        ("status=disabled", vec![]),
    ] {
        let page = page(&mut admin, query).await;
        assert_eq!(names(&page), found, "{query}");
        assert_eq!(page["next_cursor"], Value::Null);
    }
    for (search, found) in [
        (json!({"username": "gRACE  hopper"}), vec!["Grace Hopper"]),
        (json!({"username": "Grace"}), vec![]),
        (json!({"username": "\u{ff41}da"}), vec!["ada"]),
        (json!({"username": "ada", "role": "admin"}), vec![]),
        (json!({"email": "ada@example.ORG"}), vec!["ada"]),
        (json!({"email": "ada@example.com"}), vec![]),
        (json!({"email": "ada@example.org", "status": "active"}), vec![]),
        (json!({"phone": "+254700000001"}), vec![]),
    ] {
        let answer = admin.post("/api/users/search", search.clone()).await;
        assert_eq!((answer.status.as_u16(), names(&answer.json())), (200, found), "{search}");
    }
}

#[tokio::test]
async fn a_malformed_search_is_refused() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    for (search, code) in [
        (json!({}), "invalid_filter"),
        (json!({"role": "admin"}), "invalid_filter"),
        (json!({"username": "ada", "email": "ada@example.org"}), "invalid_filter"),
        (json!({"username": ""}), "invalid_username"),
        (json!({"email": "nobody"}), "invalid_email"),
        (json!({"phone": "0700"}), "invalid_phone"),
        (json!({"username": "ada", "limit": 0}), "invalid_limit"),
        (json!({"username": "ada", "cursor": "x"}), "invalid_cursor"),
        (json!({"username": "ada", "status": "gone"}), "invalid_status"),
    ] {
        let answer = admin.post("/api/users/search", search.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{search}");
    }
    let unknown = admin.post("/api/users/search", json!({"username": "ada", "name": "ada"})).await;
    assert_eq!((unknown.status.as_u16(), unknown.code().as_str()), (422, "invalid_body"));
}

#[tokio::test]
async fn a_malformed_list_is_refused() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    for (query, code) in [
        ("limit=0", "invalid_limit"),
        ("limit=51", "invalid_limit"),
        ("limit=-1", "invalid_limit"),
        ("limit=ten", "invalid_query"),
        ("limit=99999999999", "invalid_query"),
        ("cursor=", "invalid_cursor"),
        ("cursor=..%2F..", "invalid_cursor"),
        ("role=root", "invalid_query"),
        ("status=gone", "invalid_status"),
        ("username=ada", "invalid_query"),
        ("email=ada%40example.org", "invalid_query"),
    ] {
        let answer = admin.get(&format!("/api/users?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{query}");
    }
}

#[tokio::test]
async fn only_an_administrator_sees_or_changes_users() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let ada_id = id_of(&mut ada).await;
    let mut admin = app.administrator("admin").await;
    let admin_id = id_of(&mut admin).await;
    let invitation = json!({"username": "eve", "display_name": "Eve", "email": "eve@example.org", "role": "admin"});
    for role in ["user", "radiologist", "verifier", "accounting", "teaching", "auditor"] {
        app.set_role(&ada_id, role).await;
        for (method, path, body) in [
            (Method::GET, "/api/users".to_owned(), None),
            (Method::POST, "/api/users/search".to_owned(), Some(json!({"username": "admin"}))),
            (Method::GET, format!("/api/users/{admin_id}"), None),
            (Method::GET, format!("/api/users/{ada_id}"), None),
            (Method::POST, "/api/users".to_owned(), Some(invitation.clone())),
            (Method::POST, format!("/api/users/{admin_id}/invitation"), None),
            (Method::PATCH, format!("/api/users/{admin_id}"), Some(json!({"status": "disabled"}))),
            (Method::PATCH, format!("/api/users/{ada_id}"), Some(json!({"role": "admin"}))),
            (Method::DELETE, format!("/api/users/{admin_id}/sessions"), None),
        ] {
            let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
            let answer = ada.send(method.clone(), &path, body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (403, "not_permitted"),
                "{role} {method} {path}"
            );
        }
    }
    let database = app.superuser().await;
    let touched = database.query("SELECT 1 FROM audit_log WHERE action LIKE 'user.%'", &[]).await.unwrap();
    assert!(touched.is_empty());
    assert_eq!(id_of(&mut admin).await, admin_id);
}

#[tokio::test]
async fn a_user_is_read_in_detail() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let mut ada = app.signed_in("ada").await;
    let ada_id = id_of(&mut ada).await;
    assert_eq!(ada.add_passkey("Second").await.status, 201);
    let mut elsewhere = ada.clone();
    elsewhere.cookies.clear();
    elsewhere.csrf = None;
    assert_eq!(elsewhere.sign_in().await.status, 200);
    super::key_of(&mut ada, &["storage:read"]).await;

    let answer = admin.get(&format!("/api/users/{ada_id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let details = answer.json();
    assert_eq!((&details["username"], &details["status"]), (&json!("ada"), &json!("active")));
    assert_eq!((&details["sessions"], &details["api_keys"]), (&json!(2), &json!(1)));
    assert_eq!(details["contacts"], json!([]));
    let factors =
        json!({"passkeys": 2, "password": false, "github": false, "second_factors": [], "backup_codes_left": 0});
    assert_eq!(details["factors"], factors);

    let database = app.superuser().await;
    let row = database
        .query_one("SELECT user_id::text, actor_id::text FROM audit_log WHERE action = 'user.read'", &[])
        .await
        .unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, String>(1)), (ada_id.as_str(), id_of(&mut admin).await));
    assert!(events(&app, &ada_id).await.iter().all(|(kind, ..)| kind != "role_changed"));
}

#[tokio::test]
async fn who_is_no_user_is_not_there() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    for id in [NOBODY, "00000000-0000-0000-0000-000000000000", "ada", "1"] {
        for (method, path, body) in [
            (Method::GET, format!("/api/users/{id}"), None),
            (Method::PATCH, format!("/api/users/{id}"), Some(json!({"role": "user"}))),
            (Method::POST, format!("/api/users/{id}/invitation"), None),
            (Method::DELETE, format!("/api/users/{id}/sessions"), None),
        ] {
            let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
            let answer = admin.send(method.clone(), &path, body).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"), "{method} {path}");
        }
    }
}

/// A keyring that counts how many keys it is asked to unwrap at once.
struct Counting {
    inner: FileKeyring,
    now: AtomicUsize,
    most: Arc<AtomicUsize>,
}

impl Keyring for Counting {
    fn generate<'a>(&'a self, context: &'a KeyContext<'a>) -> BoxFuture<'a, Result<NewDataKey, VaultError>> {
        self.inner.generate(context)
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<SecretKey, VaultError>> {
        async move {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            // Long enough for whoever would come too.
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
            let key = self.inner.unwrap(wrapped, context).await;
            self.now.fetch_sub(1, Ordering::SeqCst);
            key
        }
        .boxed()
    }

    fn wrap<'a>(
        &'a self,
        key: &'a SecretKey,
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<WrappedKey, VaultError>> {
        self.inner.wrap(key, context)
    }

    fn rewrap<'a>(
        &'a self,
        wrapped: &'a WrappedKey,
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<Option<WrappedKey>, VaultError>> {
        self.inner.rewrap(wrapped, context)
    }

    fn describe(&self) -> BoxFuture<'_, Result<String, VaultError>> {
        self.inner.describe()
    }
}

#[tokio::test]
async fn at_most_eight_names_are_opened_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let inner = FileKeyring::create(&folder.path().join("key"), Random::default()).unwrap();
    let most = Arc::new(AtomicUsize::new(0));
    let keyring = Counting { inner, now: AtomicUsize::new(0), most: Arc::clone(&most) };
    let app = TestApp::with_keyring(&[("WARD_DATABASE_POOL", "16")], Arc::new(keyring)).await;
    let mut admin = app.administrator("admin").await;
    for number in 0..20 {
        app.signed_in(&format!("user {number}")).await;
    }
    // After five minutes no data key is cached any more.
    app.clock.advance(301);
    most.store(0, Ordering::SeqCst);
    assert_eq!(names(&page(&mut admin, "limit=50").await).len(), 21);
    let most = most.load(Ordering::SeqCst);
    assert!((2..=8).contains(&most), "{most} at once");
}
