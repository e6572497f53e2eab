//! Clients as tests need them: apps that hold tokens, and authenticator apps.

use serde_json::{Value, json};
use tests::{Answer, Browser, TestApp};

/// A password that stands alone.
pub const PASSWORD: &str = "nine-otters-built-lanterns";

/// An app: it says no origin and keeps tokens. A new user's, who has registered with a passkey.
pub async fn registered(app: &TestApp, username: &str) -> (Browser, Value) {
    let mut client = app.browser();
    client.origin = None;
    let names = json!({"username": username, "display_name": username});
    let options = client.post("/api/auth/passkeys/registration/options", names).await.json();
    let mut credential = client.authenticator.create(&options);
    credential["session"] = json!("token");
    let answer = client.post("/api/auth/passkeys/registration/verify", credential).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let tokens = hold(&mut client, &answer);
    (client, tokens)
}

/// Another app of the same user, signed in with the same passkey.
pub async fn signed_in(app: &TestApp, first: &Browser) -> (Browser, Value) {
    let mut client = app.browser();
    client.origin = None;
    client.authenticator = first.authenticator.clone();
    let options = client.post("/api/auth/passkeys/authentication/options", Value::Null).await.json();
    let mut assertion = client.authenticator.get(&options);
    assertion["session"] = json!("token");
    let answer = client.post("/api/auth/passkeys/authentication/verify", assertion).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let tokens = hold(&mut client, &answer);
    (client, tokens)
}

/// Keeps the tokens of an answer, which has all of them and no session cookie.
pub fn hold(client: &mut Browser, answer: &Answer) -> Value {
    let tokens = answer.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)), "{tokens}");
    assert!(tokens["refresh_token"].as_str().is_some_and(|token| token.starts_with("wrt_")));
    assert!(tokens["csrf_token"].is_null(), "without a cookie there is none");
    let cookies = answer.headers.get_all("set-cookie").iter();
    assert!(cookies.into_iter().all(|cookie| !cookie.to_str().unwrap().contains("ward_session")));
    client.bearer = tokens["access_token"].as_str().map(str::to_owned);
    tokens
}

/// The code an authenticator app with this secret shows now.
pub async fn totp_code(app: &TestApp, secret: &str) -> String {
    let at = app.clock.now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let output = tokio::process::Command::new("oathtool").args(["--totp=sha1", "-b", secret, "-N", &at]).output().await;
    let output = output.expect("oathtool is missing: run `cargo xtask setup`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
