//! `/api/auth/passkeys`.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tests::TestApp;

use super::column;

#[tokio::test]
async fn registration_stores_a_user_and_signs_in() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let answer = browser.try_register("Ada").await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["user"]["username"], "Ada");
    assert_eq!(body["user"]["display_name"], "Display Ada");
    assert_eq!(body["user"]["role"], "user");
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("__Host-ward_session=")).expect("a session cookie");
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=86400"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(!session.contains("Domain"));
    assert_eq!(browser.get("/api/auth/me").await.json()["user"]["id"], body["user"]["id"]);
}

#[tokio::test]
async fn registration_options_ask_for_a_verified_discoverable_passkey() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let names = json!({"username": "ada", "display_name": "Ada"});
    let options = browser.post("/api/auth/passkeys/registration/options", names).await.json();
    assert_eq!(options["rp"]["id"], "localhost");
    assert_eq!(options["user"]["name"], "ada");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["timeout"], 300_000);
}

#[tokio::test]
async fn registration_options_refuse_a_malformed_name() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let path = "/api/auth/passkeys/registration/options";
    for (body, status, code) in [
        (json!({"username": "", "display_name": "Ada"}), 400, "invalid_username"),
        (json!({"username": "ada", "display_name": "\u{7}"}), 400, "invalid_display_name"),
        (json!({"username": "ada"}), 422, "invalid_body"),
        (json!({"username": "ada", "display_name": "Ada", "role": "admin"}), 422, "invalid_body"),
        (json!([]), 422, "invalid_body"),
    ] {
        let answer = browser.post(path, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
    }
}

#[tokio::test]
async fn registration_verify_refuses_what_does_not_fit() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let path = "/api/auth/passkeys/registration/verify";
    assert_eq!(browser.post(path, json!({})).await.code(), "invalid_body");

    for spoil in [
        (|browser| browser.authenticator.origin = "https://evil.example".into()) as fn(&mut tests::Browser),
        |browser| browser.authenticator.relying_party = "evil.example".into(),
        |browser| browser.authenticator.verifies_user = false,
    ] {
        let mut browser = app.browser();
        spoil(&mut browser);
        assert_eq!(browser.try_register("ada").await.code(), "passkey_rejected");
        assert_eq!(browser.get("/api/auth/me").await.status, 401);
    }
}

#[tokio::test]
async fn a_challenge_is_used_once_by_its_browser_within_five_minutes() {
    let app = TestApp::new().await;
    let verify = "/api/auth/passkeys/registration/verify";
    let names = json!({"username": "ada", "display_name": "Ada"});
    let mut browser = app.browser();
    let options = browser.post("/api/auth/passkeys/registration/options", names.clone()).await.json();
    let credential = browser.authenticator.create(&options);

    let mut stranger = app.browser();
    assert_eq!(stranger.post(verify, credential.clone()).await.code(), "ceremony_expired");

    let mut twin = browser.clone();
    assert_eq!(browser.post(verify, credential.clone()).await.status, 201);
    assert_eq!(twin.post(verify, credential).await.code(), "ceremony_expired");

    let mut late = app.browser();
    let options = late.post("/api/auth/passkeys/registration/options", names).await.json();
    let credential = late.authenticator.create(&options);
    app.clock.advance(301);
    assert_eq!(late.post(verify, credential).await.code(), "ceremony_expired");
}

#[tokio::test]
async fn a_username_is_one_users_whatever_its_case() {
    let app = TestApp::new().await;
    app.signed_in("Ada").await;
    let answer = app.browser().try_register("aDA").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "username_taken"));
}

#[tokio::test]
async fn sign_in_with_a_discoverable_passkey() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let id = browser.register("ada").await;
    let old = browser.cookies.clone();
    browser.cookies.clear();
    browser.csrf = None;
    let answer = browser.sign_in().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["user"]["id"], id.as_str());
    assert_ne!(browser.cookies["__Host-ward_session"], old["__Host-ward_session"]);
    assert_eq!(browser.get("/api/auth/me").await.json()["session"]["assurance"], "aal2");
}

#[tokio::test]
async fn each_challenge_is_256_bits_of_its_own() {
    let app = TestApp::new().await;
    let mut challenges = BTreeSet::new();
    for path in ["registration", "authentication"] {
        for _ in 0..3 {
            let body =
                if path == "registration" { json!({"username": "ada", "display_name": "Ada"}) } else { Value::Null };
            let options = app.browser().post(&format!("/api/auth/passkeys/{path}/options"), body).await.json();
            let challenge = URL_SAFE_NO_PAD.decode(options["challenge"].as_str().unwrap()).unwrap();
            assert_eq!(challenge.len(), 32, "{path}");
            challenges.insert(challenge);
        }
    }
    assert_eq!(challenges.len(), 6);
}

#[tokio::test]
async fn authentication_options_name_no_user() {
    let app = TestApp::new().await;
    let options = app.browser().post("/api/auth/passkeys/authentication/options", Value::Null).await.json();
    assert_eq!(options["userVerification"], "required");
    assert_eq!(options["rpId"], "localhost");
    assert!(options["allowCredentials"].as_array().is_none_or(Vec::is_empty));
}

#[tokio::test]
async fn authentication_verify_says_the_same_of_every_wrong_passkey() {
    let app = TestApp::new().await;
    let known = app.signed_in("ada").await;
    let path = "/api/auth/passkeys/authentication/verify";
    assert_eq!(app.browser().post(path, json!({})).await.code(), "invalid_body");

    let mut answers = Vec::new();
    for spoil in [
        (|browser| browser.authenticator.signs_right = false) as fn(&mut tests::Browser),
        |browser| browser.authenticator.verifies_user = false,
        |browser| browser.authenticator.origin = "https://evil.example".into(),
        |browser| browser.authenticator.relying_party = "evil.example".into(),
        |browser| browser.authenticator.tells_user_handle = false,
    ] {
        answers.push(refusal(&known, spoil).await);
    }
    assert_eq!(answers[0]["code"], "passkey_rejected");
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn a_passkey_that_is_not_stored_is_unknown_whoever_it_names() {
    let app = TestApp::new().await;
    let known = app.signed_in("ada").await;
    app.signed_in("grace").await;
    let grace = column(&app, "SELECT id::text FROM users ORDER BY created_at DESC, id DESC LIMIT 1").await;
    let grace: uuid::Uuid = grace[0].parse().unwrap();
    let handle = |id: uuid::Uuid| json!(URL_SAFE_NO_PAD.encode(id.as_bytes()));
    let ours = known.authenticator.credentials[0].user_handle.clone();

    let mut answers = Vec::new();
    // A passkey nobody registered, in the name of a user there is and of one there is not.
    for user in [ours, handle(uuid::Uuid::from_u128(7))] {
        let create = |browser: &mut tests::Browser| {
            browser.authenticator.create(&json!({"challenge": "AA", "user": {"id": user}}));
        };
        answers.push(refusal(&known, create).await);
    }
    // One that is stored, but for another user.
    let rename = |browser: &mut tests::Browser| browser.authenticator.credentials[0].user_handle = handle(grace);
    answers.push(refusal(&known, rename).await);
    let right = refusal(&known, |browser| browser.authenticator.signs_right = false).await;
    assert_eq!((&answers[0]["status"], &answers[0]["code"]), (&json!(401), &json!("passkey_unknown")));
    assert_eq!(answers[0]["title"], right["title"]);
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");

    // What is written down is the same for all four, but in ada's name only where the passkey is hers.
    for (table, what) in [("login_attempts", "method || result"), ("security_events", "event_type")] {
        let whose = "coalesce((SELECT ' of a user' FROM users WHERE users.id = user_id), ' of nobody')";
        let sql = format!("SELECT {what} || {whose} FROM {table} WHERE {what} <> 'registrationsuccess' ORDER BY 1");
        let what = if table == "login_attempts" { "passkeyrejected" } else { "login_failed" };
        let expected = [format!("{what} of a user"), format!("{what} of nobody")];
        assert_eq!(column(&app, &sql).await, [0, 1, 1, 1].map(|place: usize| expected[place].clone()));
    }
}

/// The problem that a signed-out browser hears, without its id.
async fn refusal(known: &tests::Browser, spoil: impl FnOnce(&mut tests::Browser)) -> Value {
    let mut browser = known.clone();
    browser.lose_session();
    spoil(&mut browser);
    let answer = browser.sign_in().await;
    assert_eq!(answer.status, 401);
    answer.code();
    assert!(!browser.cookies.contains_key("__Host-ward_session"));
    let mut problem = answer.json();
    problem.as_object_mut().unwrap().remove("request_id");
    problem
}

#[tokio::test]
async fn answers_tell_the_password_manager_what_it_holds() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let registered = browser.try_register("ada").await.json();
    let signal = |ids: Vec<&str>, browser: &tests::Browser| {
        json!({
            "rp_id": "localhost", "user_id": browser.authenticator.credentials[0].user_handle,
            "accepted_credential_ids": ids, "name": "ada", "display_name": "Display ada",
        })
    };
    let first = browser.authenticator.credentials[0].id.clone();
    assert_eq!(registered["signal"], signal(vec![&first], &browser));
    browser.add_passkey("spare").await;
    let second = browser.authenticator.credentials[1].id.clone();
    assert_eq!(browser.sign_in().await.json()["signal"], signal(vec![&first, &second], &browser));
}

#[tokio::test]
async fn a_passkey_is_tried_five_times_from_one_address() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    browser.cookies.clear();
    browser.csrf = None;
    browser.authenticator.signs_right = false;
    for _ in 0..5 {
        assert_eq!(browser.sign_in().await.code(), "passkey_rejected");
    }
    let answer = browser.sign_in().await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (429, "sign_in_throttled"));
    assert!(answer.headers.contains_key("retry-after"));
    // Elsewhere the owner signs in as ever.
    let mut elsewhere = browser.clone();
    elsewhere.authenticator.signs_right = true;
    elsewhere.address = ([198, 51, 100, 9], 1).into();
    assert_eq!(elsewhere.sign_in().await.status, 200);
    app.clock.advance(900);
    browser.authenticator.signs_right = true;
    assert_eq!(browser.sign_in().await.status, 200);
}
