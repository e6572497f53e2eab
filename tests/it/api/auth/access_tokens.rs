//! Access tokens: which are taken, which are not, and what happens while the database is away.

use std::process::Stdio;

use auth::tokens::{KeySet, KeySource, TokenSigner};
use futures_util::FutureExt;
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use shared::identity::{AccessClaims, Assurance, NewSession, Role, SessionKind};
use tests::{Proxy, Services, Target, TestApp, tool_of_node};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The claims of a token of Ada's that is issued now.
pub fn claims(app: &TestApp) -> AccessClaims {
    let platform = &app.platform;
    let session = NewSession {
        user_id: platform.new_id().unwrap(),
        role: Role::User,
        assurance: Assurance::Aal2,
        methods: vec!["hwk".into(), "user".into()],
        kind: SessionKind::Bearer,
        device_id: None,
    };
    let session = platform
        .sessions
        .begin(session)
        .now_or_never()
        .expect("what no cookie proves waits for no key")
        .unwrap()
        .session;
    AccessClaims::new(&platform.settings.tokens, &session, platform.new_id().unwrap(), platform.now())
}

/// The keys the application is set up with.
pub fn key_set(app: &TestApp) -> KeySet {
    KeySet::parse(app.platform.settings.tokens.keys.as_ref().unwrap().expose_secret()).unwrap()
}

/// What signs with them.
pub fn signer(app: &TestApp) -> TokenSigner {
    TokenSigner::new(&app.platform, KeySource::of(&app.platform.settings.tokens).unwrap()).unwrap()
}

/// What jose reads in a token, checked by the published keys, and a token of its own with the other claims.
pub async fn jose(app: &TestApp, token: &str, claims: &AccessClaims) -> Value {
    let settings = &app.platform.settings.tokens;
    let keys: Value = serde_json::from_str(&key_set(app).to_json()).unwrap();
    let question = json!({
        "url": format!("{}/.well-known/jwks.json", app.listen().await),
        "issuer": settings.issuer,
        "audience": settings.audience,
        "now": app.clock.now().as_second(),
        "token": token,
        "key": keys["keys"][0],
        "claims": claims,
    });
    let mut node = Command::new("node")
        .arg(tool_of_node("jose.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node runs");
    node.stdin.take().unwrap().write_all(question.to_string().as_bytes()).await.unwrap();
    let output = node.wait_with_output().await.unwrap();
    assert!(output.status.success(), "jose refused; it says above why");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_signed_token_is_taken_until_its_hour_is_over() {
    let app = TestApp::new().await;
    let claims = claims(&app);
    let token = signer(&app).sign(&claims).await.unwrap();
    assert_eq!(app.platform.tokens.verify(&token).await.unwrap(), Some(claims.clone()));
    app.clock.advance(3_599);
    assert_eq!(app.platform.tokens.verify(&token).await.unwrap(), Some(claims));
    app.clock.advance(1);
    assert_eq!(app.platform.tokens.verify(&token).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_made_elsewhere_is_nobodys_here() {
    let (app, other) = (TestApp::new().await, TestApp::new().await);
    let token = signer(&other).sign(&claims(&other)).await.unwrap();
    assert!(other.platform.tokens.verify(&token).await.unwrap().is_some());
    assert_eq!(app.platform.tokens.verify(&token).await.unwrap(), None);
    // Nor does another environment that was given the same keys.
    let keys = key_set(&other).to_json();
    let staging = TestApp::with(&[("WARD_TOKEN_KEYS", keys.as_str())]).await;
    signer(&staging).publish().await.unwrap();
    assert_eq!(staging.platform.tokens.verify(&token).await.unwrap(), None);
}

#[tokio::test]
async fn an_unknown_key_makes_one_read_in_ten_seconds_however_many_ask() {
    let database = Proxy::before(Target::Unix(Services::get().postgres_socket())).await;
    let url = format!("postgres://ward@127.0.0.1:{}/{{database}}?sslmode=disable", database.port);
    let app = TestApp::with(&[("DATABASE_URL", url.as_str()), ("WARD_DATABASE_POOL", "1")]).await;
    let good = signer(&app).sign(&claims(&app)).await.unwrap();
    assert!(app.platform.tokens.verify(&good).await.unwrap().is_some());
    let strangers = KeySet::generate().unwrap().with_new_key().unwrap();
    let made_up: Vec<_> = strangers.keys().iter().map(|key| key.sign(&claims(&app)).unwrap()).collect();
    let reads_of_20 = async || {
        let before = database.round_trips();
        let asked = (0..20).map(|at| app.platform.tokens.verify(&made_up[at % made_up.len()]));
        assert!(join_all(asked).await.into_iter().all(|verified| verified.unwrap().is_none()));
        database.round_trips() - before
    };

    assert_eq!(reads_of_20().await, 0, "the table was read a moment ago");
    app.clock.advance(10);
    assert_eq!(reads_of_20().await, 1);
    assert_eq!(reads_of_20().await, 0);
    app.clock.advance(9);
    assert_eq!(reads_of_20().await, 0);
    app.clock.advance(1);
    assert_eq!(reads_of_20().await, 1);
    let before = database.round_trips();
    app.clock.advance(299);
    assert!(app.platform.tokens.verify(&good).await.unwrap().is_some());
    assert_eq!(database.round_trips(), before, "a known key is kept for five minutes");
    app.clock.advance(1);
    assert!(app.platform.tokens.verify(&good).await.unwrap().is_some());
    assert_eq!(database.round_trips(), before + 1);
}

#[tokio::test]
async fn a_token_is_not_refused_because_the_database_is_away() {
    let database = Proxy::before(Target::Unix(Services::get().postgres_socket())).await;
    let url = format!("postgres://ward@127.0.0.1:{}/{{database}}?sslmode=disable", database.port);
    let app = TestApp::with(&[("DATABASE_URL", url.as_str())]).await;
    let good = signer(&app).sign(&claims(&app)).await.unwrap();
    let unknown = KeySet::generate().unwrap().keys()[0].sign(&claims(&app)).unwrap();
    let tokens = &app.platform.tokens;
    assert!(tokens.verify(&good).await.unwrap().is_some());

    database.cut();
    assert!(tokens.verify(&good).await.unwrap().is_some(), "its key is known");
    app.clock.advance(10);
    assert!(tokens.verify(&unknown).await.is_err(), "its key may be a new one");
    assert!(tokens.verify("a.b.c").await.unwrap().is_none(), "no key makes this a token");
    app.clock.advance(290);
    assert!(tokens.verify(&good).await.is_err(), "its key may be retired");
    assert_eq!(app.browser().get("/.well-known/jwks.json").await.status, 503);

    database.mend();
    assert!(tokens.verify(&good).await.unwrap().is_some());
    assert!(tokens.verify(&unknown).await.unwrap().is_none());
}

#[tokio::test]
async fn another_library_takes_our_tokens_and_we_take_its() {
    let app = TestApp::new().await;
    let (ours, theirs) = (claims(&app), claims(&app));
    let keys: Value = serde_json::from_str(&key_set(&app).to_json()).unwrap();
    let answer = jose(&app, &signer(&app).sign(&ours).await.unwrap(), &theirs).await;

    assert_eq!(answer["payload"], serde_json::to_value(&ours).unwrap());
    assert_eq!(answer["header"]["kid"], keys["keys"][0]["kid"]);
    assert_eq!(answer["thumbprint"], keys["keys"][0]["kid"], "RFC 7638");
    let signed = answer["signed"].as_str().unwrap();
    assert_eq!(app.platform.tokens.verify(signed).await.unwrap(), Some(theirs));
}
