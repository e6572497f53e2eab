//! `/api/github`: calls in the user's name.

use axum::http::Method;
use serde_json::{Value, json};
use tests::github::GitHub;

use super::auth::github::{ada, app, count, signed_in};

#[tokio::test]
async fn a_call_is_forwarded_with_the_users_token_and_nothing_of_the_clients() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = signed_in(&app, &github).await;
    let token = github.live_tokens().remove(0);
    github.take_seen();
    let mut request = browser.request(&Method::GET, "/api/github/repos/octo/site/issues?state=open&per_page=5", None);
    for (name, value) in [
        ("accept", "text/plain"),
        ("x-github-api-version", "1999-01-01"),
        ("x-forwarded-for", "198.51.100.1"),
        ("user-agent", "Mozilla/5.0"),
        ("if-none-match", "\"x\""),
        ("accept-encoding", "gzip"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let answer = browser.send_request(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json(), json!({"asked": "/repos/octo/site/issues?state=open&per_page=5"}));
    assert_eq!(answer.headers["x-ratelimit-remaining"], "4999");
    assert_eq!(
        answer.headers["link"],
        "</api/github/repos/octo/site/issues?state=open&per_page=5&page=2>; rel=\"next\""
    );
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(!answer.headers.contains_key("set-cookie"));

    let seen = github.take_seen().remove(0);
    let headers: Vec<_> = seen.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let expected = format!("Bearer {token}");
    let version = concat!("ward/", env!("CARGO_PKG_VERSION"));
    let mut right = vec![
        ("accept", "application/vnd.github+json"),
        ("authorization", expected.as_str()),
        ("user-agent", version),
        ("x-github-api-version", "2022-11-28"),
    ];
    right.retain(|header| !headers.contains(header));
    assert_eq!(right, [("", ""); 0], "of {headers:?}");
    let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), 5, "host beside them: {names:?}");
}

#[tokio::test]
async fn an_action_is_forwarded_with_its_body() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = signed_in(&app, &github).await;
    github.take_seen();
    let actions = "/api/github/repos/octo/site/actions";
    let dispatch = format!("{actions}/workflows/ci.yml/dispatches");
    let body = json!({"ref": "main", "inputs": {"level": "debug"}});
    let answer = browser.post(&dispatch, body.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (204, ""));
    let seen = github.take_seen().remove(0);
    assert_eq!(seen.method, Method::POST);
    assert_eq!(serde_json::from_slice::<Value>(&seen.body).unwrap(), body);
    for action in ["rerun", "rerun-failed-jobs", "cancel"] {
        let path = format!("{actions}/runs/7/{action}");
        assert_eq!(browser.send(Method::POST, &path, None).await.status, 201);
        let seen = github.take_seen().remove(0);
        assert_eq!((seen.target, seen.body), (path.replace("/api/github", ""), Vec::new()));
    }

    for (body, status, code) in [
        (json!({"ref": "main", "force": true}), 422, "invalid_body"),
        (json!(["main"]), 422, "invalid_body"),
        (json!({"ref": "x".repeat(65_536)}), 413, "payload_too_large"),
    ] {
        let answer = browser.post(&dispatch, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
    }
    assert_eq!(browser.send(Method::POST, &dispatch, None).await.code(), "unsupported_media_type");
    let mut forger = browser.clone();
    forger.csrf = None;
    assert_eq!(forger.post(&dispatch, json!({"ref": "main"})).await.code(), "csrf_token_invalid");
    assert_eq!(github.take_seen().len(), 0);
}

#[tokio::test]
async fn what_is_not_on_the_list_never_reaches_github() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = signed_in(&app, &github).await;
    github.take_seen();
    for (method, path, code) in [
        (Method::GET, "/repos/../user", "github_call_unknown"),
        (Method::GET, "/repos/octo/..", "github_call_unknown"),
        (Method::GET, "/repos/%2e%2e/user", "github_call_unknown"),
        (Method::GET, "/repos/octo/site/contents/%2E%2e/%2e%2E/x", "github_call_unknown"),
        (Method::GET, "/repos/octo/site/contents/a%2fb", "github_call_unknown"),
        (Method::GET, "/repos/octo/site/contents/%252e%252e/x", "github_call_unknown"),
        (Method::GET, "//evil.example/user", "github_call_unknown"),
        (Method::GET, "/@evil.example/user", "github_call_unknown"),
        (Method::GET, "/repos/octo@evil.example/site", "github_call_unknown"),
        (Method::GET, "/repos/octo:80/site", "github_call_unknown"),
        (Method::GET, "/repos/%E2%80%A5/site", "github_call_unknown"),
        (Method::GET, "/repos/octo/site%0d%0aX-Evil:1", "github_call_unknown"),
        (Method::GET, "/repos/octo/site%00", "github_call_unknown"),
        (Method::GET, "/repos/octo/site/actions/runs/1/logs", "github_call_unknown"),
        (Method::GET, "/repos/octo/site/actions/secrets", "github_call_unknown"),
        (Method::GET, "/user/keys", "github_call_unknown"),
        (Method::GET, "/graphql", "github_call_unknown"),
        (Method::POST, "/user/repos", "method_not_allowed"),
        (Method::POST, "/repos/octo/site/issues", "method_not_allowed"),
        (Method::DELETE, "/repos/octo/site", "method_not_allowed"),
        (Method::PATCH, "/repos/octo/site", "method_not_allowed"),
        (Method::PUT, "/repos/octo/site/contents/a", "method_not_allowed"),
        (Method::GET, "/user?access_token=x", "invalid_query"),
        (Method::GET, "/repos/octo/site/issues?state=a%0d%0aX-Evil:1", "invalid_query"),
        (Method::GET, "/repos/octo/site/issues?page=1&page=2", "invalid_query"),
    ] {
        let answer = browser.send(method.clone(), &format!("/api/github{path}"), None).await;
        assert_eq!(answer.code(), code, "{method} {path}");
        assert!(!answer.text().contains("evil"));
    }
    assert_eq!(github.take_seen().len(), 0);
    assert_eq!(count(&app, "SELECT count(*) FROM audit_log WHERE action LIKE 'github.read'").await, 0);
}

#[tokio::test]
async fn githubs_own_refusals_come_through_and_its_failures_do_not() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = signed_in(&app, &github).await;
    let missing = browser.get("/api/github/repos/octo/missing").await;
    assert_eq!((missing.status.as_u16(), missing.json()), (404, json!({"message": "Not Found"})));
    let limited = browser.get("/api/github/repos/octo/limited").await;
    assert_eq!((limited.status.as_u16(), limited.headers["retry-after"].to_str().unwrap()), (403, "60"));
    for (name, status, code) in [
        ("moved", 409, "github_moved"),
        ("broken", 502, "github_unavailable"),
        ("page", 502, "github_unavailable"),
        ("large", 502, "github_answer_too_large"),
    ] {
        github.take_seen();
        let answer = browser.get(&format!("/api/github/repos/octo/{name}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
        assert!(!answer.text().contains("secret cause") && !answer.text().contains("script"));
        assert_eq!(github.take_seen().len(), 1, "no redirect was followed");
    }
}

#[tokio::test]
async fn each_call_leaves_its_row_without_the_repositorys_name() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = signed_in(&app, &github).await;
    browser.get("/api/github/repos/octo/site/contents/secret-plans.md?ref=main").await;
    browser.post("/api/github/repos/octo/site/actions/runs/7/cancel", Value::Null).await;
    let rows = app.superuser().await;
    let rows = rows
        .query("SELECT action, resource_id FROM audit_log WHERE resource_type = 'github' AND action ~ 'read|write' ORDER BY action", &[])
        .await
        .unwrap();
    let rows: Vec<(&str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(
        rows,
        [
            ("github.read", "GET /repos/{owner}/{repo}/contents/{path*}"),
            ("github.write", "POST /repos/{owner}/{repo}/actions/runs/{run#}/cancel"),
        ]
    );
}

#[tokio::test]
async fn a_call_is_made_with_ones_own_connection_only() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    signed_in(&app, &github).await;
    let mut other = app.signed_in("grace").await;
    github.take_seen();
    for answer in [
        other.get("/api/github/user").await,
        other.post("/api/github/repos/octo/site/actions/runs/7/cancel", Value::Null).await,
    ] {
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "github_not_connected"));
    }
    assert_eq!(app.browser().get("/api/github/user").await.code(), "unauthenticated");
    assert_eq!(github.take_seen().len(), 0);
}

#[tokio::test]
async fn an_api_key_calls_with_its_scope_and_connects_nothing() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = signed_in(&app, &github).await;
    let made = browser.post("/api/auth/api-keys", json!({"name": "ci", "scopes": ["github:read"]})).await.json();
    let with_key = async |method: Method, path: &str| {
        let mut client = app.browser();
        let mut request = client.request(&method, path, Some(("application/json", b"{}".to_vec())));
        let key = format!("Bearer {}", made["key"].as_str().unwrap());
        request.headers_mut().insert("authorization", key.parse().unwrap());
        client.send_request(request).await
    };
    assert_eq!(with_key(Method::GET, "/api/github/repos/octo/site").await.status, 200);
    let cancel = "/api/github/repos/octo/site/actions/runs/7/cancel";
    assert_eq!(with_key(Method::POST, cancel).await.code(), "scope_missing");
    assert_eq!(with_key(Method::POST, "/api/auth/github/connect").await.code(), "api_key_refused");
    assert_eq!(with_key(Method::DELETE, "/api/auth/github/connection").await.code(), "api_key_refused");
}
