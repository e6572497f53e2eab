//! Who has looked at my data.

use serde_json::{Value, json};
use tests::{Browser, TestApp};

use crate::api::users::id_of;

const PATH: &str = "/api/account/access-log";

async fn page(browser: &mut Browser, query: &str) -> Value {
    let answer = browser.get(&format!("{PATH}?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

/// Action and kind of actor of each access.
fn told(page: &Value) -> Vec<(String, String)> {
    let one = |access: &Value| {
        (access["action"].as_str().unwrap().to_owned(), access["actor"]["kind"].as_str().unwrap().to_owned())
    };
    page["accesses"].as_array().unwrap().iter().map(one).collect()
}

#[tokio::test]
async fn the_access_log_tells_who_did_what_and_no_name() {
    let app = TestApp::new().await;
    let (mut admin, mut ada) = (app.administrator("admin").await, app.signed_in("ada").await);
    let (admin_id, ada_id) = (id_of(&mut admin).await, id_of(&mut ada).await);
    app.clock.advance(1);
    ada.post("/api/storage/set", json!({"key": "k", "value": 1})).await;
    app.clock.advance(1);
    admin.get(&format!("/api/users/{ada_id}")).await;
    // What the operator and Ward itself do leaves such rows.
    let database = app.superuser().await;
    for (actor, second) in [("00000000-0000-0000-0000-000000000000", 29), ("00000000-0000-0000-0000-000000000001", 30)]
    {
        let sql = format!(
            "INSERT INTO audit_log (id, user_id, actor_id, action, resource_type, request_id, created_at)
             VALUES (gen_random_uuid(), '{ada_id}', '{actor}', 'user.change', 'user', gen_random_uuid(),
                 '2026-03-14T15:09:{second}Z')"
        );
        database.batch_execute(&sql).await.unwrap();
    }
    app.clock.advance(10);
    let log = page(&mut ada, "").await;
    let expected = [
        ("user.change", "system"),
        ("user.change", "operator"),
        ("user.read", "administrator"),
        ("storage.set", "you"),
    ];
    assert_eq!(told(&log)[..4], expected.map(|(action, kind)| (action.to_owned(), kind.to_owned())));
    assert_eq!(
        log["accesses"][2],
        json!({
            "at": "2026-03-14T15:09:28Z", "action": "user.read", "resource_type": "user",
            "actor": {"kind": "administrator", "role": "admin"},
        })
    );
    assert_eq!(log["accesses"][3]["actor"], json!({"kind": "you", "role": null}));
    assert!(!log.to_string().contains(&admin_id) && !log.to_string().contains("192.0.2.7"), "{log}");
    let log = page(&mut ada, "limit=1").await;
    assert_eq!(told(&log), [("account.access_log.read".to_owned(), "you".to_owned())], "to look is an access, too");
    // The role is of now; where the account is gone there is none.
    app.set_role(&admin_id, "auditor").await;
    assert_eq!(page(&mut ada, "action=user.read").await["accesses"][0]["actor"]["role"], "auditor");
    database.execute("DELETE FROM users WHERE id::text = $1", &[&admin_id]).await.unwrap();
    assert_eq!(
        page(&mut ada, "action=user.read").await["accesses"][0]["actor"],
        json!({"kind": "administrator", "role": null})
    );
}

#[tokio::test]
async fn the_access_log_is_filtered_and_turned_page_by_page() {
    let app = TestApp::new().await;
    let (mut admin, mut ada) = (app.administrator("admin").await, app.signed_in("ada").await);
    let user = format!("/api/users/{}", id_of(&mut ada).await);
    for number in 0..6 {
        app.clock.advance(60);
        if number % 2 == 0 {
            admin.get(&user).await;
        } else {
            ada.get("/api/storage/keys").await;
        }
    }
    let others = page(&mut ada, "actor=others").await;
    assert_eq!(told(&others), vec![("user.read".to_owned(), "administrator".to_owned()); 3]);
    let mine = page(&mut ada, "actor=me&action=storage.keys").await;
    assert_eq!(told(&mine), vec![("storage.keys".to_owned(), "you".to_owned()); 3]);
    assert_eq!(told(&page(&mut ada, "actor=others&action=storage.keys").await), []);
    let some = page(&mut ada, "since=2026-03-14T15:11:26Z&until=2026-03-14T15:13:26Z").await;
    assert_eq!(
        told(&some).iter().map(|(action, _)| action.as_str()).collect::<Vec<_>>(),
        ["storage.keys", "user.read", "storage.keys"]
    );
    assert_eq!(told(&page(&mut ada, "since=2027-01-01T00:00:00Z").await), []);
    assert_eq!(told(&page(&mut ada, "until=-009999-01-02T01:59:59Z&since=9999-12-30T00:00:00Z").await), []);

    for (filter, expected) in [("actor=others", 3), ("actor=me&action=storage.keys", 3)] {
        let (mut seen, mut query) = (0, format!("{filter}&limit=2"));
        for _ in 0..9 {
            let page = page(&mut ada, &query).await;
            seen += told(&page).len();
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("{filter}&limit=2&cursor={next}");
        }
        assert_eq!(seen, expected, "{filter}");
    }
}

#[tokio::test]
async fn pages_of_one_moment_repeat_and_leave_out_nothing() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for _ in 0..7 {
        ada.get("/api/usage").await;
    }
    app.clock.advance(1);
    for limit in 1..=8 {
        let (mut seen, mut query) = (0, format!("limit={limit}&until=2026-03-14T15:09:26Z"));
        loop {
            let page = page(&mut ada, &query).await;
            seen += told(&page).len();
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("limit={limit}&cursor={next}");
        }
        assert_eq!(seen, 8, "limit {limit}: seven reads and the registration");
    }
}

#[tokio::test]
async fn the_access_log_is_each_users_own() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    ada.get("/api/usage").await;
    let cursor = page(&mut ada, "limit=1").await["next_cursor"].as_str().unwrap().to_owned();
    app.clock.advance(1);
    let log = page(&mut grace, "").await;
    assert_eq!(told(&log), [("auth.register".to_owned(), "you".to_owned())]);
    for access in told(&page(&mut grace, &format!("cursor={cursor}")).await) {
        assert_ne!(access.0, "usage.read");
    }
    // Whose role is asked for has to have been there.
    let role = app.app_role().await;
    let (ada_id, grace_id) = (id_of(&mut ada).await, id_of(&mut grace).await);
    role.batch_execute(&format!("SET ward.user_id = '{grace_id}'")).await.unwrap();
    for other in [&ada_id, &grace_id] {
        let row = role.query_one(&format!("SELECT actor_role('{other}')"), &[]).await.unwrap();
        assert_eq!(row.get::<_, Option<String>>(0), None);
    }
}

#[tokio::test]
async fn a_malformed_access_log_is_refused() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for (query, code) in [
        ("limit=0", "invalid_limit"),
        ("limit=101", "invalid_limit"),
        ("limit=x", "invalid_query"),
        ("cursor=x", "invalid_cursor"),
        ("cursor=f_________8AAAAAAAAAAAAAAAAAAAAA", "invalid_cursor"),
        ("actor=ada", "invalid_query"),
        ("action=Ada%20Lovelace", "invalid_action"),
        ("action=", "invalid_action"),
        ("since=yesterday", "invalid_query"),
        ("user_id=1", "invalid_query"),
    ] {
        let answer = ada.get(&format!("{PATH}?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{query}");
    }
}

#[tokio::test]
async fn a_page_takes_no_longer_where_there_are_many_rows() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let id = id_of(&mut ada).await;
    let seed = format!(
        "INSERT INTO audit_log (id, user_id, actor_id, action, resource_type, request_id, created_at)
         SELECT gen_random_uuid(), '{id}', '{id}', 'storage.get', 'encrypted_storage', gen_random_uuid(),
             timestamptz '2026-03-14T15:00:00Z' - make_interval(secs => n) FROM generate_series(1, 200000) n;
         INSERT INTO audit_log (id, user_id, actor_id, action, resource_type, request_id, created_at)
         SELECT gen_random_uuid(), '{id}', gen_random_uuid(), 'user.list', 'user', gen_random_uuid(),
             timestamptz '2026-03-14T15:00:00Z' - make_interval(secs => n * 20000) FROM generate_series(1, 9) n;
         ANALYZE audit_log"
    );
    app.superuser().await.batch_execute(&seed).await.unwrap();
    for (query, found) in [
        ("limit=100", 100),
        ("limit=100&actor=others", 9),
        ("limit=100&actor=me&action=storage.get", 100),
        ("limit=100&until=2026-03-13T00:00:00Z", 100),
        // None is there: so many rows are looked at and no more, and the next page goes on behind them.
        ("limit=100&action=chat.read", 0),
    ] {
        let log = page(&mut ada, query).await;
        assert_eq!(told(&log).len(), found, "{query}");
        assert_eq!(log["next_cursor"].is_null(), query.contains("others"), "{query}");
    }
    let role = app.app_role().await;
    role.batch_execute(&format!("SET ward.user_id = '{id}'")).await.unwrap();
    let looked = format!(
        "EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM audit_log
         WHERE user_id = '{id}' AND created_at >= 'epoch' AND created_at <= '2026-03-14T16:00:00Z'
         ORDER BY created_at DESC, id DESC LIMIT 5000"
    );
    for (sql, index) in [
        (looked.clone(), "audit_log_user"),
        (looked.replace("AND created_at >=", "AND actor_id <> user_id AND created_at >="), "audit_log_others"),
    ] {
        let plan: Value = role.query_one(&sql, &[]).await.unwrap().get(0);
        let text = plan.to_string();
        assert!(text.contains(index) && !text.contains("Seq Scan"), "{text}");
    }
}
