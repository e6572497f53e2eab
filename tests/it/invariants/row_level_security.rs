//! Row-level security is on for every table that holds a user's rows, and the application's role can't get past it.

use serde_json::json;
use tests::TestApp;

use crate::api::auth::clients;
use crate::api::files;

#[tokio::test]
async fn every_table_with_an_owner_is_guarded() {
    let app = TestApp::new().await;
    let database = app.superuser().await;
    let rows = database
        .query(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let open: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    let ownerless = [
        "blind_index_keys",
        "ceremonies",
        "file_objects_gone",
        "rate_counters",
        "refinery_schema_history",
        "sign_in_failures",
        "token_keys",
        "webauthn_ceremonies",
    ];
    assert_eq!(open, ownerless, "none of these has an owner");
    let role = database
        .query_one("SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = 'ward_app'", &[])
        .await
        .unwrap();
    assert!(!role.get::<_, bool>(0) && !role.get::<_, bool>(1));
    let owned = database
        .query("SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tableowner = 'ward_app'", &[])
        .await
        .unwrap();
    assert!(owned.is_empty(), "an owner is not bound by row-level security");
}

#[tokio::test]
async fn the_applications_role_sees_one_users_rows_only() {
    let app = TestApp::new().await;
    let mut ids = Vec::new();
    for name in ["ada", "grace"] {
        let mut browser = app.browser();
        ids.push(browser.register(name).await);
        browser.add_passkey("spare").await;
        browser.step_up().await;
        for value in 1..=2 {
            browser.post("/api/storage/set", json!({"key": "k", "value": value})).await;
        }
        browser.post("/api/chats", json!({"title": "t"})).await;
        clients::signed_in(&app, &browser).await;
        browser.patch("/api/preferences", json!({"theme": "dark"})).await;
        files::upload(&mut browser, "scan.txt", "text/plain", b"content").await;
        let consent = json!({"purpose": "research", "version": "1", "text_sha256": "0".repeat(64)});
        assert_eq!(browser.post("/api/account/consents", consent).await.status, 200);
        let deletion = Some(("application/json", json!({ "username": name }).to_string().into_bytes()));
        assert_eq!(browser.send(axum::http::Method::DELETE, "/api/account", deletion).await.status, 202);
    }
    // A link of each; how one comes about is shown where recovery is.
    let links = "INSERT INTO account_recovery (id, user_id, secret_hash, vouched, requested_at, expires_at)
         SELECT gen_random_uuid(), id, username_index, false, now(), now() FROM users";
    app.superuser().await.batch_execute(links).await.unwrap();
    let role = app.app_role().await;
    let tables = [
        "users",
        "data_keys",
        "sessions",
        "session_audits",
        "user_devices",
        "passkey_credentials",
        "security_events",
        "login_attempts",
        "refresh_tokens",
        "account_recovery",
        "encrypted_storage",
        "storage_counters",
        "storage_versions",
        "chat_sessions",
        "audit_log",
        "user_preferences",
        "file_uploads",
        "file_usage",
        "consents",
        "account_deletions",
    ];
    for table in tables {
        let rows = role.query(&format!("SELECT * FROM {table}"), &[]).await.unwrap();
        assert!(rows.is_empty(), "{table} without a user");
    }
    role.batch_execute(&format!("SET ward.user_id = '{}'", ids[0])).await.unwrap();
    for (table, owner) in tables.map(|table| match table {
        "users" => (table, "id"),
        "data_keys" => (table, "subject"),
        _ => (table, "user_id"),
    }) {
        let rows = role.query(&format!("SELECT {owner}::text FROM {table}"), &[]).await.unwrap();
        assert!(!rows.is_empty(), "{table}");
        assert!(rows.iter().all(|row| row.get::<_, &str>(0) == ids[0]), "{table}");
    }
    let moved = format!("UPDATE encrypted_storage SET user_id = '{}'", ids[1]);
    assert_eq!(role.batch_execute(&moved).await.unwrap_err().code().unwrap().code(), "42501");
}

#[tokio::test]
async fn the_list_of_users_is_for_administrators_only() {
    let app = TestApp::new().await;
    let (mut admin, mut ada) = (app.administrator("admin").await, app.signed_in("ada").await);
    let id = async |browser: &mut tests::Browser| {
        browser.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned()
    };
    let (admin_id, ada_id) = (id(&mut admin).await, id(&mut ada).await);
    let list = "SELECT id FROM users_page(NULL, 50, NULL, NULL, NULL, NULL, gen_random_uuid(), NULL, now())";
    let superuser = app.superuser().await;
    let noted = async || {
        let sql = "SELECT count(*) FROM audit_log WHERE action = 'user.list'";
        superuser.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    let role = app.app_role().await;
    let seen = async |user: &str| {
        role.batch_execute(&format!("SET ward.user_id = '{user}'")).await.unwrap();
        role.query(list, &[]).await.unwrap().len()
    };
    for role in ["user", "radiologist", "verifier", "accounting", "teaching", "auditor"] {
        app.set_role(&ada_id, role).await;
        assert_eq!(seen(&ada_id).await, 0, "{role}");
    }
    assert_eq!(seen("").await, 0);
    assert_eq!(seen("01890000-0000-7000-8000-000000000000").await, 0);
    assert_eq!(noted().await, 0);
    assert_eq!(seen(&admin_id).await, 2);
    assert_eq!(noted().await, 2);
    for status in ["disabled", "invited"] {
        superuser.execute("UPDATE users SET status = $1", &[&status]).await.unwrap();
        assert_eq!(seen(&admin_id).await, 0, "{status}");
    }
}
