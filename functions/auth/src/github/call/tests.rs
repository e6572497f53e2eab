use proptest::prelude::*;
use url::Url;

use super::*;

fn target(method: &Method, path: &str, query: Option<&str>) -> Option<String> {
    Call::parse(method, path, query).ok().map(|call| call.target())
}

#[test]
fn every_call_of_the_list_is_forwarded_as_it_stands() {
    for allowed in calls() {
        let path = allowed.pattern.replace("{owner}", "octo-org").replace("{repo}", "re.po_1");
        let path = path.replace("#}", "}").replace("{path*}", "src/main.rs");
        let path: String =
            path.split('/').map(|part| if part.starts_with('{') { "7" } else { part }).collect::<Vec<_>>().join("/");
        let call = Call::parse(&allowed.method, &path, None).unwrap();
        assert_eq!(call.target(), path);
        assert_eq!(call.allowed().pattern, allowed.pattern, "each path fits its own pattern first");
        let query: Vec<String> = allowed.query.iter().map(|name| format!("{name}=1")).collect();
        assert!(Call::parse(&allowed.method, &path, Some(&query.join("&"))).is_ok());
    }
}

#[test]
fn what_is_not_on_the_list_is_not_forwarded() {
    for path in [
        "",
        "/",
        "user",
        "/users/octocat",
        "/repos/a",
        "/repos/a/b/",
        "/repos/a/b/keys",
        "/repos/a/b/hooks",
        "/repos/a/b/actions/secrets",
        "/repos/a/b/actions/runs/1/logs",
        "/repos/a/b/actions/runs/x",
        "/repos/a/b/contents/",
        "/gists",
        "/graphql",
        // Ways out of a segment, a path, a host.
        "//user",
        "/repos//b",
        "/repos/../user",
        "/repos/a/../../user",
        "/repos/%2e%2e/user",
        "/repos/.%2E/b",
        "/repos/a/b/contents/../../../user",
        "/repos/a/b/contents/x/%2e%2e/%2e%2e/keys",
        "/repos/a/b/contents/%252e%252e/keys",
        "/repos/a/b/contents/x%2fy",
        "/repos/a/b/contents/x%5cy",
        "/repos/a%2fb/c",
        "/@evil.example/user",
        "/repos/@evil.example/b",
        "/repos/a:80/b",
        "/repos/a/b?x",
        "/repos/a/b%23/branches",
        "/repos/a/b%00",
        "/repos/a/b%0d%0aHost:%20evil.example",
        "/repos/ä/b",
        "/repos/%c3%a4/b",
        "/repos/\u{ff0e}\u{ff0e}/b",
        "/repos/a/b/contents/%ff",
        "/repos/a/b/contents/%zz",
        "\\user",
        "https://evil.example/user",
    ] {
        for method in [Method::GET, Method::POST] {
            assert!(target(&method, path, None).is_none(), "{method} {path} is forwarded");
        }
    }
    let runs = "/repos/a/b/actions/runs/1";
    assert_eq!(Call::parse(&Method::POST, runs, None).unwrap_err().summary().0, "method_not_allowed");
    assert_eq!(Call::parse(&Method::DELETE, runs, None).unwrap_err().summary().0, "method_not_allowed");
}

#[test]
fn a_file_may_be_called_what_files_are_called() {
    for (path, sent) in [
        ("src/[id].tsx", "src/%5Bid%5D.tsx"),
        ("node_modules/@types/a+b.ts", "node_modules/%40types/a%2Bb.ts"),
        ("Gr%C3%BC%C3%9Fe%20an%3F.md", "Gr%C3%BC%C3%9Fe%20an%3F.md"),
        ("%61.txt", "a.txt"),
        ("...", "..."),
    ] {
        let path = format!("/repos/a/b/contents/{path}");
        let call = target(&Method::GET, &path, Some("ref=feature/x&ref2=")).is_none();
        assert!(call, "an unknown parameter");
        let call = target(&Method::GET, &path, Some("ref=feature/x y"));
        assert_eq!(call.unwrap(), format!("/repos/a/b/contents/{sent}?ref=feature%2Fx+y"));
    }
}

#[test]
fn a_parameter_that_is_not_the_calls_is_refused() {
    for query in [
        "access_token=x",
        "page=1&page=2",
        "page=",
        "page=-1",
        "per_page=1e3",
        "state=a%0d%0ab",
        "state=%00",
        "STATE=open",
        &format!("state={}", "x".repeat(257)),
    ] {
        let refused = Call::parse(&Method::GET, "/repos/a/b/issues", Some(query)).unwrap_err();
        assert_eq!(refused.summary().0, "invalid_query", "{query}");
    }
    let sent = target(&Method::GET, "/repos/a/b/issues", Some("labels=a%26b,c&per_page=5&")).unwrap();
    assert_eq!(sent, "/repos/a/b/issues?labels=a%26b%2Cc&per_page=5");
}

#[test]
fn a_body_has_no_field_but_the_calls() {
    let dispatch = Call::parse(&Method::POST, "/repos/a/b/actions/workflows/ci.yml/dispatches", None).unwrap();
    let body = |json: &str| serde_json::from_str::<Map<String, Value>>(json).unwrap();
    assert!(dispatch.takes_body());
    assert!(dispatch.check_body(&body(r#"{"ref":"main","inputs":{"a":"b"}}"#)).is_ok());
    assert!(dispatch.check_body(&body(r#"{"ref":"main","token":"x"}"#)).is_err());
    assert!(!Call::parse(&Method::POST, "/repos/a/b/actions/runs/1/cancel", None).unwrap().takes_body());
}

#[test]
fn the_description_lists_every_call() {
    let description = serde_json::to_value(crate::openapi()).unwrap();
    for allowed in calls() {
        let method = allowed.method.as_str().to_lowercase();
        let text = description["paths"]["/api/github/{*path}"][method]["description"].as_str().unwrap();
        let documented = allowed.pattern.replace("#}", "}").replace("*}", "}");
        assert!(text.contains(&format!("`{documented}`")), "{documented} is missing");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_is_taken_is_a_call_of_the_list_at_the_configured_host(
        path in prop_oneof![
            "\\PC{0,60}",
            "/repos(/(a|\\.|\\.\\.|%2e|%2E%2e|%2f|%5c|@evil|:80|\\?|#|//|\\\\|contents|actions|runs|[0-9]|%[0-9a-f]{2}|ä)){0,8}",
            "/repos/a/b/contents(/[a-z%\\.\\\\@:?#&=\u{0}-\u{20}]{1,6}){0,4}",
            "(/user|/repos|/a|/b|/\\.\\.|//evil\\.example|/%2e%2e){0,6}",
        ],
        query in proptest::option::of("(page|ref|sha|state|access_token)?(=|&|#|%0d%0a|%00|[0-9a-z]|\\PC){0,12}"),
        post in proptest::bool::ANY,
    ) {
        let method = if post { Method::POST } else { Method::GET };
        if let Some(target) = target(&method, &path, query.as_deref()) {
            let url = Url::parse(&format!("https://api.github.example/v3{target}")).unwrap();
            prop_assert_eq!(url.host_str(), Some("api.github.example"));
            prop_assert_eq!(url.scheme(), "https");
            prop_assert!(url.port().is_none() && url.username().is_empty() && url.fragment().is_none());
            // Nothing was rewritten on the way into the URL.
            let (sent, _) = target.split_once('?').unwrap_or((&target, ""));
            let rewritten = url.path().strip_prefix("/v3");
            prop_assert_eq!(rewritten, Some(sent));
            let decoded = decode(sent).unwrap();
            let listed = calls().iter().any(|allowed| allowed.method == method && fits(allowed.pattern, &decoded));
            prop_assert!(listed, "{} is on no list", sent);
            prop_assert!(target.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
