//! There and back: state, cookie, PKCE, where to return to.

use axum::http::Method;
use tests::github::{Fault, GitHub};
use url::Url;

use super::{ada, app, at_github, leave, location, sign_in};

const EXPIRED: &str = "http://localhost:9000/#/sign-in?error=ceremony_expired";

#[tokio::test]
async fn a_sign_in_leaves_for_github_with_state_and_pkce() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = app.browser();
    let answer = browser.get("/api/auth/github?return_to=/app").await;
    let address = Url::parse(location(&answer)).unwrap();
    let scope = address.query_pairs().find(|(name, _)| name == "scope").unwrap().1.into_owned();
    assert_eq!(scope, "repo workflow user:email");
    // The fake checks the rest: client, redirect, challenge and its method.
    assert!(github.visit(address.as_str()).is_ok());

    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    for attribute in ["__Host-ward_github=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=300"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    // Whoever reads the address can't make the cookie.
    assert!(!address.as_str().contains(&browser.cookies["__Host-ward_github"]));
    let mut other = app.browser();
    let other_address = leave(&mut other).await;
    assert_ne!(other_address, address.as_str());
}

#[tokio::test]
async fn a_visit_comes_back_once_to_its_own_browser_within_five_minutes() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = app.browser();
    let address = leave(&mut browser).await;
    let callback = at_github(&github, &address);

    // Another browser, with no visit and with one of its own.
    let mut stranger = app.browser();
    assert_eq!(location(&stranger.get(&callback).await), EXPIRED);
    leave(&mut stranger).await;
    assert_eq!(location(&stranger.get(&callback).await), EXPIRED);
    assert!(!stranger.cookies.contains_key("__Host-ward_session"));
    assert!(stranger.cookies.contains_key("__Host-ward_github"), "its own visit is not over");

    let twin = browser.clone();
    assert_eq!(location(&browser.get(&callback).await), "http://localhost:9000/app");
    assert!(browser.cookies.contains_key("__Host-ward_session"));
    assert!(!browser.cookies.contains_key("__Host-ward_github"));
    assert_eq!(location(&twin.clone().get(&callback).await), EXPIRED);

    let mut late = app.browser();
    let address = leave(&mut late).await;
    app.clock.advance(301);
    assert_eq!(location(&late.get(&at_github(&github, &address)).await), EXPIRED);
}

#[tokio::test]
async fn a_state_that_is_not_the_cookies_is_refused_and_takes_nothing() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = app.browser();
    let address = leave(&mut browser).await;
    let callback = at_github(&github, &address);
    let secret = browser.cookies["__Host-ward_github"].clone();
    let url = Url::parse(&format!("http://x{callback}")).unwrap();
    let code = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    for state in [
        String::new(),
        "&state=".into(),
        "&state=AAAA".into(),
        format!("&state={secret}"),
        format!("&state={}", "A".repeat(43)),
        format!("&state={}&state={}", "A".repeat(43), "B".repeat(43)),
    ] {
        let forged = format!("/api/auth/github/callback?code={code}{state}");
        assert_eq!(location(&browser.get(&forged).await), EXPIRED, "{state}");
    }
    assert_eq!(location(&browser.get(&callback).await), "http://localhost:9000/app");
}

#[tokio::test]
async fn a_code_is_of_no_use_in_another_visit() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let (mut victim, mut attacker) = (app.browser(), app.browser());
    let (theirs, mine) = (leave(&mut victim).await, leave(&mut attacker).await);
    let code = |callback: &str| callback.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let (stolen, own) = (at_github(&github, &theirs), at_github(&github, &mine));
    // Injected into the attacker's own visit, the challenge does not fit its verifier.
    let injected = own.replace(&code(&own), &code(&stolen));
    let answer = attacker.get(&injected).await;
    assert_eq!(location(&answer), "http://localhost:9000/app#/sign-in?error=github_rejected");
    assert!(!attacker.cookies.contains_key("__Host-ward_session"));

    // Used already.
    let mut again = app.browser();
    let address = leave(&mut again).await;
    let callback = at_github(&github, &address);
    let replayed = callback.replace(&code(&callback), &code(&stolen));
    assert_eq!(location(&again.get(&replayed).await), "http://localhost:9000/app#/sign-in?error=github_rejected");
}

#[tokio::test]
async fn a_return_never_leads_to_another_site() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    for evil in [
        "//evil.example",
        "/%5Cevil.example",
        "%5C%5Cevil.example",
        "https:%2F%2Fevil.example",
        "https:evil.example",
        "/a%0d%0aLocation:%20https://evil.example",
        "/%09/evil.example",
        "/..//evil.example",
        "/.%2F%2Fevil.example",
        "javascript:alert(1)",
        "/%23/sign-in",
        "/api/auth/github",
        "evil.example",
        "/a&return_to=//evil.example",
    ] {
        let mut browser = app.browser();
        let answer = browser.get(&format!("/api/auth/github?return_to={evil}")).await;
        assert_eq!(location(&answer), "http://localhost:9000/#/sign-in?error=return_to_invalid", "{evil}");
        assert!(browser.cookies.is_empty(), "{evil}");
    }
    let mut browser = app.browser();
    let answer = browser.get("/api/auth/github?return_to=/a%3Fb%3Dc%26d").await;
    let callback = at_github(&github, location(&answer));
    assert_eq!(location(&browser.get(&callback).await), "http://localhost:9000/a?b=c&d");
    // Without one it is the page.
    let answer = app.browser().get("/api/auth/github").await;
    assert!(location(&answer).starts_with(&format!("http://127.0.0.1:{}/login", github.port)));
}

#[tokio::test]
async fn what_goes_wrong_comes_back_in_the_fragment() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    for (fault, code) in
        [(Fault::Denies, "access_denied"), (Fault::Tokens, "github_unavailable"), (Fault::Api, "github_unavailable")]
    {
        github.fault(fault);
        let answer = sign_in(&mut app.browser(), &github).await;
        assert_eq!(location(&answer), format!("http://localhost:9000/app#/sign-in?error={code}"));
        assert!(!answer.headers.contains_key("content-type"), "no page of the API's own");
    }
    github.fault(Fault::None);
    for query in
        ["", "?error=server_error", "?code=a%20b", "?code=", "?code=%00", &format!("?code={}", "x".repeat(600))]
    {
        let mut browser = app.browser();
        let address = leave(&mut browser).await;
        let state = Url::parse(&address).unwrap();
        let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let joint = if query.is_empty() { "?" } else { "&" };
        let answer = browser.get(&format!("/api/auth/github/callback{query}{joint}state={state}")).await;
        let code = if query == "?code=" { "github_rejected" } else { "github_answer_invalid" };
        assert_eq!(location(&answer), format!("http://localhost:9000/app#/sign-in?error={code}"), "{query}");
    }
    assert_eq!(app.browser().send(Method::POST, "/api/auth/github/callback", None).await.code(), "method_not_allowed");
}

#[tokio::test]
async fn codes_are_guessed_five_times_from_one_address() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = app.browser();
    for expected in ["github_rejected"; 5].into_iter().chain(["sign_in_throttled"; 2]) {
        let address = leave(&mut browser).await;
        let callback = at_github(&github, &address).replace("zq7tok-c", "zq7tok-x");
        let answer = browser.get(&callback).await;
        assert!(location(&answer).ends_with(&format!("error={expected}")), "{}", location(&answer));
    }
    let mut elsewhere = app.browser();
    elsewhere.address = ([198, 51, 100, 9], 1).into();
    assert_eq!(location(&sign_in(&mut elsewhere, &github).await), "http://localhost:9000/app");
    app.clock.advance(900);
    assert_eq!(location(&sign_in(&mut browser, &github).await), "http://localhost:9000/app");
    // Where GitHub gives no answer nobody has guessed.
    github.fault(Fault::Tokens);
    for _ in 0..7 {
        assert!(location(&sign_in(&mut app.browser(), &github).await).ends_with("error=github_unavailable"));
    }
    github.fault(Fault::None);
    assert_eq!(location(&sign_in(&mut app.browser(), &github).await), "http://localhost:9000/app");
}

#[tokio::test]
async fn without_a_client_id_nobody_leaves() {
    let app = tests::TestApp::new().await;
    let answer = app.browser().get("/api/auth/github?return_to=/app").await;
    assert_eq!(location(&answer), "http://localhost:9000/app#/sign-in?error=github_not_configured");
    let mut browser = app.signed_in("ada").await;
    let answer = browser.post("/api/auth/github/connect", serde_json::json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "github_not_configured"));
    assert_eq!(browser.get("/api/github/user").await.code(), "github_not_configured");
    assert_eq!(browser.get("/api/auth/github/connection").await.json(), serde_json::json!({"connected": false}));
}
