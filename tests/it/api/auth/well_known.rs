//! `/.well-known`.

use serde_json::json;
use tests::TestApp;

#[tokio::test]
async fn related_origins_are_those_of_the_settings() {
    let origins = "http://localhost:9000,https://app.example.org";
    let app = TestApp::with(&[("WARD_ORIGINS", origins)]).await;
    // A browser asks without cookies and without an origin.
    let mut browser = app.browser();
    browser.origin = None;
    let answer = browser.get("/.well-known/webauthn").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "public, max-age=3600");
    assert_eq!(answer.json(), json!({"origins": ["http://localhost:9000", "https://app.example.org"]}));
}

#[tokio::test]
async fn a_related_origin_signs_in_with_the_same_passkey() {
    let origins = "http://localhost:9000,https://app.example.org";
    let app = TestApp::with(&[("WARD_ORIGINS", origins)]).await;
    let mut browser = app.signed_in("ada").await;
    browser.lose_session();
    for (origin, status) in [("https://app.example.org", 200), ("https://app.example.com", 401)] {
        browser.authenticator.origin = origin.into();
        assert_eq!(browser.sign_in().await.status, status);
    }
}
