//! Whatever may be asked of GitHub in a user's name: it is refused, or it is a call of the list, on GitHub's host, by a
//! path that means the same to whoever reads it. The input is a method, a path, a query and a `Link` header, a line each.

#![no_main]

use auth::fuzzing::GitHubCall;
use axum::http::Method;
use libfuzzer_sys::fuzz_target;
use url::Url;

const HOST: &str = "https://api.github.com";

/// Whether a path, as it is asked for, is of the pattern.
fn is_of(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        let Some(segment) = segments.next() else { return false };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let fits = match expected.strip_prefix('{') {
            None => segment == expected,
            Some(name) if name.ends_with("*}") => return true,
            Some(name) if name.ends_with("#}") => segment.bytes().all(|byte| byte.is_ascii_digit()),
            Some(_) => segment.bytes().all(plain),
        };
        if !fits {
            return false;
        }
    }
    segments.next().is_none()
}

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(4, '\n');
    let [method, path, query, link] = [(); 4].map(|()| lines.next());
    let Ok(method) = method.unwrap_or_default().parse::<Method>() else { return };
    let Some(call) = GitHubCall::parse(&method, path.unwrap_or_default(), query) else { return };

    let (allowed, pattern) = call.allowed();
    assert_eq!(*allowed, method);
    let target = call.target();
    let (path, query) = target.split_once('?').map_or((&*target, None), |(path, query)| (path, Some(query)));
    assert!(is_of(pattern, path), "{path} is not of {pattern}");
    assert!(path.split('/').skip(1).all(|segment| !["", ".", ".."].contains(&segment)), "{path}");
    assert!(target.bytes().all(|byte| byte.is_ascii_graphic()), "{target}");

    let url = Url::parse(&format!("{HOST}{target}")).expect("an address");
    assert_eq!(url.origin().ascii_serialization(), HOST);
    assert_eq!((url.path(), url.query(), url.fragment()), (path, query, None));
    let again = GitHubCall::parse(&method, path, query).expect("what is asked for is on the list");
    assert_eq!((again.target(), again.allowed().1), (target.clone(), pattern));

    for link in call.pages(link.unwrap_or_default()).split(", ").filter(|link| !link.is_empty()) {
        let here = link.strip_prefix("</api/github").and_then(|link| link.strip_prefix(path));
        assert!(here.is_some_and(|rest| rest.starts_with('?')), "{link} leads elsewhere");
        assert!(link.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{link}");
    }
});
