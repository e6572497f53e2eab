//! `POST /api/auth/passkeys`: one more.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::{PASSKEY_OPTIONS, PASSKEYS, column, passkey_ids, second_browser, weaken};

#[tokio::test]
async fn a_passkey_is_added_beside_the_first() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let first = browser.authenticator.credentials[0].clone();
    let options = browser.post(PASSKEY_OPTIONS, Value::Null).await.json();
    assert_eq!(options["user"]["id"], first.user_handle);
    assert_eq!(options["user"]["name"], "ada");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["excludeCredentials"][0]["id"], first.id);
    assert!(browser.authenticator.try_create(&options).is_none(), "this authenticator holds one already");

    let version = "SELECT security_version::text FROM users";
    let before = column(&app, version).await;
    assert_eq!(browser.add_passkey("spare").await.status, 201);
    assert_ne!(column(&app, version).await, before);
    let events = "SELECT event_type || ' ' || severity || ' ' || (details ? 'passkey_id')::text FROM security_events";
    assert_eq!(column(&app, events).await, ["passkey_added medium true"]);
    let actions = "SELECT action FROM audit_log WHERE action LIKE 'passkey%' ORDER BY created_at, action";
    assert_eq!(column(&app, actions).await, ["passkey.add", "passkey.options", "passkey.options"]);
    let names = column(&app, "SELECT encode(name, 'escape') FROM passkey_credentials ORDER BY created_at, id").await;
    assert_eq!(names[0], "null");
    assert!(!names[1].contains("spare") && names[1].len() > 80, "sealed");

    assert_eq!(browser.get("/api/auth/me").await.status, 200, "the session goes on");
    let credentials = browser.authenticator.credentials.clone();
    for credential in credentials {
        browser.authenticator.credentials = vec![credential];
        assert_eq!(browser.sign_in().await.status, 200);
    }
}

#[tokio::test]
async fn a_creation_challenge_is_its_sessions_own() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    let mut elsewhere = second_browser(&app, &ada).await;
    let options = ada.post(PASSKEY_OPTIONS, Value::Null).await.json();
    let credential = app.browser().authenticator.create(&options);
    let body = json!({"name": "x", "credential": credential});
    // Another session of the same user, another user, and another user in a ceremony of their own.
    assert_eq!(elsewhere.post(PASSKEYS, body.clone()).await.code(), "ceremony_expired");
    assert_eq!(grace.post(PASSKEYS, body.clone()).await.code(), "ceremony_expired");
    grace.post(PASSKEY_OPTIONS, Value::Null).await;
    assert_eq!(grace.post(PASSKEYS, body.clone()).await.code(), "passkey_rejected");
    assert_eq!(ada.post(PASSKEYS, body).await.status, 201);
    assert_eq!((passkey_ids(&mut ada).await.len(), passkey_ids(&mut grace).await.len()), (2, 1));
}

#[tokio::test]
async fn adding_refuses_what_does_not_fit() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let options = browser.post(PASSKEY_OPTIONS, Value::Null).await.json();
    let credential = app.browser().authenticator.create(&options);
    for (body, status, code) in [
        (json!({}), 422, "invalid_body"),
        (json!({"name": "x"}), 422, "invalid_body"),
        (json!({"name": "x", "credential": {}}), 422, "invalid_body"),
        (json!({"name": "x", "credential": credential, "user_id": "y"}), 422, "invalid_body"),
        (json!({"name": " ", "credential": credential}), 400, "invalid_name"),
        (json!({"name": "x".repeat(65), "credential": credential}), 400, "invalid_name"),
    ] {
        let answer = browser.post(PASSKEYS, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
    }
    // None of these has used the challenge up; an answer that does not fit it does.
    let mut unverified = app.browser().authenticator;
    unverified.verifies_user = false;
    let rejected = json!({"name": "x", "credential": unverified.create(&options)});
    assert_eq!(browser.post(PASSKEYS, rejected).await.code(), "passkey_rejected");
    let body = json!({"name": "x", "credential": credential});
    assert_eq!(browser.post(PASSKEYS, body).await.code(), "ceremony_expired");

    let options = browser.post(PASSKEY_OPTIONS, Value::Null).await.json();
    let credential = app.browser().authenticator.create(&options);
    app.clock.advance(301);
    let body = json!({"name": "x", "credential": credential});
    assert_eq!(browser.post(PASSKEYS, body).await.code(), "ceremony_expired");
    assert_eq!(passkey_ids(&mut browser).await.len(), 1);
}

#[tokio::test]
async fn a_creation_challenge_is_used_once_in_parallel() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let options = browser.post(PASSKEY_OPTIONS, Value::Null).await.json();
    let mut twin = browser.clone();
    let body = |browser: &mut Browser| {
        browser.authenticator.credentials.clear();
        json!({"name": "x", "credential": browser.authenticator.create(&options)})
    };
    let (one, other) = (body(&mut browser), body(&mut twin));
    let (one, other) = tokio::join!(browser.post(PASSKEYS, one), twin.post(PASSKEYS, other));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400]);
    assert_eq!(passkey_ids(&mut browser).await.len(), 2);
}

#[tokio::test]
async fn a_passkey_is_one_accounts() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    // As an authenticator would that gives the same id twice.
    let taken = column(&app, "SELECT encode(credential_id, 'hex') FROM passkey_credentials ORDER BY created_at").await;
    let options = grace.post(PASSKEY_OPTIONS, Value::Null).await.json();
    let mut other = app.browser().authenticator;
    let mut credential = other.create(&options);
    let id = ada.authenticator.credentials[0].id.clone();
    credential["response"]["attestationObject"] = {
        let mut object = URL_SAFE_NO_PAD.decode(credential["response"]["attestationObject"].as_str().unwrap()).unwrap();
        let (new, known) =
            (URL_SAFE_NO_PAD.decode(&other.credentials[0].id).unwrap(), URL_SAFE_NO_PAD.decode(&id).unwrap());
        let start = object.windows(new.len()).position(|window| window == new).unwrap();
        object[start..start + known.len()].copy_from_slice(&known);
        json!(URL_SAFE_NO_PAD.encode(object))
    };
    (credential["id"], credential["rawId"]) = (json!(id), json!(id));
    let answer = grace.post(PASSKEYS, json!({"name": "x", "credential": credential})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "passkey_known"));
    let now = column(&app, "SELECT encode(credential_id, 'hex') FROM passkey_credentials ORDER BY created_at").await;
    assert_eq!(now, taken);
    assert_eq!(ada.sign_in().await.status, 200);
}

#[tokio::test]
async fn an_account_has_fifty_passkeys_at_most() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let options = browser.post(PASSKEY_OPTIONS, Value::Null).await.json();
    let credential = app.browser().authenticator.create(&options);
    let copies = "INSERT INTO passkey_credentials (id, user_id, credential_id, public_key, sign_count, created_at)
         SELECT gen_random_uuid(), user_id, credential_id || int4send(n), public_key, 0, created_at
         FROM passkey_credentials, generate_series(1, 49) AS n";
    app.superuser().await.batch_execute(copies).await.unwrap();
    // Whoever began before is refused as well.
    let answer = browser.post(PASSKEYS, json!({"name": "x", "credential": credential})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "too_many_passkeys"));
    assert_eq!(browser.post(PASSKEY_OPTIONS, Value::Null).await.code(), "too_many_passkeys");
    assert_eq!(passkey_ids(&mut browser).await.len(), 50);
}

#[tokio::test]
async fn adding_ends_the_sessions_that_showed_one_factor_only() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let mut weak = second_browser(&app, &ada).await;
    let mut other_user = app.signed_in("grace").await;
    weaken(&app).await;
    // An account with a password alone: no passkey yet.
    app.superuser().await.batch_execute("DELETE FROM passkey_credentials").await.unwrap();
    assert_eq!(ada.get("/api/auth/me").await.json()["session"]["assurance"], "aal1");
    let mut strong = strong_session(&app, &ada).await;

    let added = ada.add_passkey("first").await;
    assert_eq!(added.status, 201, "{}", added.text());
    assert_eq!(added.json()["session_ended"], true);
    assert!(!ada.cookies.contains_key("__Host-ward_session"), "its cookie goes");
    assert_eq!(weak.get("/api/auth/me").await.status, 401);
    assert_eq!(strong.get("/api/auth/me").await.status, 200, "level 2 stays");
    assert_eq!(other_user.get("/api/auth/me").await.status, 200);
    let revoked = column(&app, "SELECT event FROM session_audits WHERE event = 'revoked'").await;
    assert_eq!(revoked.len(), 2);
    ada.csrf = None;
    assert_eq!(ada.sign_in().await.json()["user"]["username"], "ada");
    assert_eq!(ada.get("/api/auth/me").await.json()["session"]["assurance"], "aal2");
}

/// A session at level 2 of a user without a passkey, as one with an authenticator app would have.
async fn strong_session(app: &TestApp, first: &Browser) -> Browser {
    let mut second = first.clone();
    let token = app.platform.sessions.new_cookie_token().await.unwrap();
    let database = app.superuser().await;
    let insert = "INSERT INTO sessions (id, user_id, token_hash, assurance, authenticated_at, created_at, last_seen_at,
             expires_at) SELECT gen_random_uuid(), user_id, $1, 2, created_at,
             created_at, last_seen_at + interval '5 min', expires_at
         FROM sessions ORDER BY created_at, id LIMIT 1";
    database.execute(insert, &[&token.hash().as_bytes()]).await.unwrap();
    second.cookies.insert("__Host-ward_session".into(), token.reveal());
    second.csrf = None;
    second
}
