//! `/api/auth/validate`, and what others make of our tokens.

use auth::tokens::KeySet;
use serde_json::{Value, json};
use tests::TestApp;

use super::access_tokens::{claims, jose, signer};
use super::clients::{hold, registered};

const ME: &str = "/api/auth/me";

#[tokio::test]
async fn validate_tells_what_a_live_token_says() {
    let app = TestApp::new().await;
    let (mut client, tokens) = registered(&app, "ada").await;
    let me = client.get(ME).await.json()["user"].clone();
    let mut anyone = app.browser();
    let mut validate = async |token: &Value| {
        let answer = anyone.post("/api/auth/validate", json!({"token": token})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let token = &tokens["access_token"];
    let answer = validate(token).await;
    assert_eq!((&answer["valid"], &answer["claims"]["sub"]), (&json!(true), &me["id"]));
    assert_eq!((&answer["claims"]["acr"], &answer["claims"]["role"]), (&json!("aal2"), &json!("user")));
    app.superuser().await.batch_execute("UPDATE users SET role = 'auditor'").await.unwrap();
    assert_eq!(validate(token).await["claims"]["role"], "auditor", "the user's now, not the token's");

    let refused = json!({"valid": false});
    let foreign = KeySet::generate().unwrap().keys()[0].sign(&claims(&app)).unwrap();
    let unknown = signer(&app).sign(&claims(&app)).await.unwrap();
    for token in [json!(foreign), json!(unknown), json!("a.b.c"), json!(""), tokens["refresh_token"].clone()] {
        assert_eq!(validate(&token).await, refused, "{token}");
    }
    client.bearer = Some(foreign);
    assert_eq!(client.get(ME).await.code(), "token_invalid");
    client.bearer = token.as_str().map(str::to_owned);
    app.clock.advance(3600);
    assert_eq!(validate(token).await, refused, "its hour is over");
    app.clock.advance(-1);
    assert_eq!(validate(token).await["valid"], true);
    assert_eq!(client.post("/api/auth/logout", Value::Null).await.status, 204);
    assert_eq!(validate(token).await, refused, "its session is over");
}

#[tokio::test]
async fn another_library_takes_what_refresh_gives() {
    let app = TestApp::new().await;
    let (mut client, tokens) = registered(&app, "ada").await;
    let me = client.get(ME).await.json()["user"].clone();
    client.bearer = None;
    let answer = client.post("/api/auth/refresh", json!({"refresh_token": tokens["refresh_token"]})).await;
    let token = hold(&mut client, &answer)["access_token"].as_str().unwrap().to_owned();
    assert_ne!(json!(token), tokens["access_token"]);
    let read = jose(&app, &token, &claims(&app)).await;
    assert_eq!((&read["payload"]["sub"], &read["payload"]["amr"]), (&me["id"], &json!(["hwk", "user"])));
}

#[tokio::test]
async fn refresh_and_validate_refuse_a_malformed_body() {
    let app = TestApp::new().await;
    let mut client = app.browser();
    for (path, name) in [("/api/auth/refresh", "refresh_token"), ("/api/auth/validate", "token")] {
        for body in [json!({}), json!({ name: 1 }), json!({ name: "x", "user_id": "y" }), json!("x")] {
            let answer = client.post(path, body).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "invalid_body"), "{path}");
        }
    }
}
