//! Changing users: seen by their very next request.

use axum::http::Method;
use serde_json::{Value, json};
use tests::TestApp;

use super::{events, id_of, key_of, on_both_caches, with_key};

#[tokio::test]
async fn a_new_role_is_seen_by_the_next_request() {
    for app in on_both_caches().await {
        let mut admin = app.administrator("admin").await;
        let mut ada = app.signed_in("ada").await;
        let ada_id = id_of(&mut ada).await;
        let user = format!("/api/users/{ada_id}");
        assert_eq!(ada.get("/api/users").await.code(), "not_permitted", "the session is cached now");

        let changed = admin.patch(&user, json!({"role": "admin"})).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        assert_eq!(changed.json()["role"], "admin");
        assert_eq!(ada.get("/api/users").await.status, 200, "she gained something, and stays signed in");

        assert_eq!(admin.patch(&user, json!({"role": "auditor"})).await.status, 200);
        assert_eq!(ada.get("/api/users").await.code(), "unauthenticated", "she lost something");
        assert_eq!(ada.sign_in().await.json()["user"]["role"], "auditor");

        let found = events(&app, &ada_id).await;
        let roles: Vec<_> = found.iter().filter(|(kind, ..)| kind == "role_changed").collect();
        let by = id_of(&mut admin).await;
        assert!(roles.iter().any(|(_, severity, details)| {
            severity == "high" && *details == json!({"from": "admin", "to": "auditor", "by": by})
        }));
        assert_eq!(roles.len(), 2);
    }
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    for app in on_both_caches().await {
        let mut admin = app.administrator("admin").await;
        let mut ada = app.signed_in("ada").await;
        let ada_id = id_of(&mut ada).await;
        let key = key_of(&mut ada, &["storage:read"]).await;
        let keys = "/api/storage/keys";
        assert_eq!(ada.get(keys).await.status, 200);
        assert_eq!(with_key(&app, &key, Method::GET, keys, None).await.status, 200, "both are cached now");

        let user = format!("/api/users/{ada_id}");
        assert_eq!(admin.patch(&user, json!({"status": "disabled"})).await.json()["status"], "disabled");
        assert_eq!(ada.get(keys).await.code(), "unauthenticated");
        assert_eq!(with_key(&app, &key, Method::GET, keys, None).await.code(), "token_invalid");
        let mut elsewhere = app.browser();
        elsewhere.authenticator = ada.authenticator.clone();
        assert_eq!(elsewhere.sign_in().await.code(), "account_disabled");

        // Again is no change and no event.
        assert_eq!(admin.patch(&user, json!({"status": "disabled"})).await.status, 200);
        assert_eq!(admin.patch(&user, json!({"status": "active"})).await.json()["status"], "active");
        assert_eq!(ada.get(keys).await.code(), "unauthenticated", "what ended stays over");
        assert_eq!(with_key(&app, &key, Method::GET, keys, None).await.status, 200);
        assert_eq!(elsewhere.sign_in().await.status, 200);
        let kinds: Vec<_> =
            events(&app, &ada_id).await.into_iter().map(|(kind, severity, _)| (kind, severity)).collect();
        for (kind, severity, times) in [("account_disabled", "medium", 1), ("account_enabled", "high", 1)] {
            let expected = (kind.to_owned(), severity.to_owned());
            assert_eq!(kinds.iter().filter(|found| **found == expected).count(), times, "{kinds:?}");
        }
    }
}

#[tokio::test]
async fn who_gets_a_role_that_needs_two_factors_keeps_nothing_made_with_one() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let mut ada = app.signed_in("ada").await;
    let ada_id = id_of(&mut ada).await;
    let key = key_of(&mut ada, &["storage:read"]).await;
    // A session on a trusted device is one of level 1.
    let weaken = "UPDATE sessions SET assurance = 1, methods = '{pwd,trusted_device}' WHERE user_id = $1::text::uuid";
    app.superuser().await.execute(weaken, &[&ada_id]).await.unwrap();
    assert_eq!(admin.patch(&format!("/api/users/{ada_id}"), json!({"role": "admin"})).await.status, 200);
    assert_eq!(ada.get("/api/users").await.code(), "unauthenticated");
    assert_eq!(with_key(&app, &key, Method::GET, "/api/storage/keys", None).await.code(), "token_invalid");
    ada.lose_session();
    assert_eq!(ada.sign_in().await.status, 200);
    assert_eq!(ada.get("/api/users").await.status, 200);
}

#[tokio::test]
async fn the_database_knows_no_key_of_a_disabled_user() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let ada_id = id_of(&mut ada).await;
    let database = app.superuser().await;
    let insert = "INSERT INTO api_keys (id, user_id, name, hint, token_hash, scopes, created_at, expires_at)
                  VALUES (gen_random_uuid(), $1::text::uuid, '', 'ward_', '\\x01', '{storage:read}', now(), 'infinity')";
    database.execute(insert, &[&ada_id]).await.unwrap();
    let found = async || database.query("SELECT 1 FROM find_api_key('\\x01', now())", &[]).await.unwrap().len();
    assert_eq!(found().await, 1);
    for status in ["disabled", "invited"] {
        database.execute("UPDATE users SET status = $1", &[&status]).await.unwrap();
        assert_eq!(found().await, 0, "{status}");
    }
}

#[tokio::test]
async fn a_change_refuses_what_has_no_meaning() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let ada_id = id_of(&mut app.signed_in("ada").await).await;
    for (body, status, code) in [
        (json!({}), 422, "nothing_to_change"),
        (json!({"role": null, "status": null}), 422, "nothing_to_change"),
        (json!({"role": "root"}), 422, "invalid_body"),
        (json!({"status": "invited"}), 422, "invalid_body"),
        (json!({"username": "eve"}), 422, "invalid_body"),
        (json!([]), 422, "invalid_body"),
    ] {
        let answer = admin.patch(&format!("/api/users/{ada_id}"), body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
    }
}

#[tokio::test]
async fn nobody_changes_their_own_account() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let user = format!("/api/users/{}", id_of(&mut admin).await);
    for body in [json!({"role": "user"}), json!({"status": "disabled"}), json!({"role": "admin"})] {
        let answer = admin.patch(&user, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "own_account"));
    }
}

#[tokio::test]
async fn a_change_needs_somebody_who_is_there() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let ada_id = id_of(&mut app.signed_in("ada").await).await;
    let user = format!("/api/users/{ada_id}");
    let body = json!({"role": "auditor"});
    let key = key_of(&mut admin, &["users:read", "users:write"]).await;
    let answer = with_key(&app, &key, Method::PATCH, &user, Some(body.clone())).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "api_key_refused"));
    assert_eq!(with_key(&app, &key, Method::GET, &user, None).await.status, 200);

    app.clock.advance(16 * 60);
    let answer = admin.patch(&user, body.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "step_up_required"));
    assert_eq!(admin.step_up().await.status, 200);
    assert_eq!(admin.patch(&user, body).await.json()["role"], "auditor");
}

#[tokio::test]
async fn of_two_administrators_who_demote_each_other_one_stays() {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "8")]).await;
    let (mut ada, mut grace) = (app.administrator("ada").await, app.administrator("grace").await);
    let (ada_id, grace_id) = (id_of(&mut ada).await, id_of(&mut grace).await);
    let (adas, graces) = (format!("/api/users/{ada_id}"), format!("/api/users/{grace_id}"));
    for round in 0..10 {
        let body = if round % 2 == 0 { json!({"role": "user"}) } else { json!({"status": "disabled"}) };
        let (one, other) = tokio::join!(ada.patch(&graces, body.clone()), grace.patch(&adas, body));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert!(statuses[0] == 200 && [401, 403].contains(&statuses[1]), "{statuses:?}");
        let database = app.superuser().await;
        let sql = "SELECT count(*) FROM users WHERE role = 'admin' AND status = 'active'";
        assert_eq!(database.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 1);
        database.execute("UPDATE users SET status = 'active'", &[]).await.unwrap();
        for (id, browser) in [(&ada_id, &mut ada), (&grace_id, &mut grace)] {
            app.set_role(id, "admin").await;
            assert_eq!(browser.sign_in().await.status, 200);
        }
    }
}

#[tokio::test]
async fn ending_a_users_sessions_ends_all_of_them_at_once() {
    for app in on_both_caches().await {
        let mut admin = app.administrator("admin").await;
        let mut ada = app.signed_in("ada").await;
        let ada_id = id_of(&mut ada).await;
        let mut phone = ada.clone();
        phone.cookies.clear();
        phone.csrf = None;
        phone.sign_in().await;
        for browser in [&mut ada, &mut phone] {
            assert_eq!(browser.get("/api/auth/me").await.status, 200);
        }
        // Even from a machine, and long after a step-up: whoever needs this is in a hurry.
        let key = key_of(&mut admin, &["users:write"]).await;
        app.clock.advance(16 * 60);
        let path = format!("/api/users/{ada_id}/sessions");
        assert_eq!(with_key(&app, &key, Method::DELETE, &path, None).await.status, 204);
        for browser in [&mut ada, &mut phone] {
            assert_eq!(browser.get("/api/auth/me").await.status, 401);
        }
        assert_eq!(id_of(&mut admin).await.len(), 36, "the administrator's own goes on");
        assert_eq!(admin.delete(&path).await.status, 204, "there are none left to end");
        assert_eq!(phone.sign_in().await.status, 200);
        let sql = "SELECT count(*) FROM session_audits WHERE event = 'revoked' AND user_id::text = $1";
        let revoked = app.superuser().await.query_one(sql, &[&ada_id]).await.unwrap();
        assert_eq!(revoked.get::<_, i64>(0), 2);
        let kinds = events(&app, &ada_id).await;
        let ended = kinds.iter().find(|(kind, ..)| kind == "sessions_ended").expect("an event");
        assert_eq!(ended.2["sessions"], Value::from(2));
    }
}
