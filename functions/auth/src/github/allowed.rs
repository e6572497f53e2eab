//! The calls that are forwarded, each with the query parameters and the fields of the body it may have. Whatever is not
//! here is not forwarded, whatever the user's token could do. Logs and archives are not: GitHub answers with a redirect
//! to another host.

use axum::http::Method;

/// A call that is forwarded.
#[derive(Debug)]
pub(crate) struct Allowed {
    /// Its method.
    pub(crate) method: Method,
    /// Its path. `{name}` is one segment of letters, digits, dots, hyphens and underscores, `{name#}` a number, and
    /// `{name*}` the path of a file.
    pub(crate) pattern: &'static str,
    /// The query parameters it may have.
    pub(super) query: &'static [&'static str],
    /// The fields its body may have; empty where it has no body.
    pub(super) fields: &'static [&'static str],
}

const fn get(pattern: &'static str, query: &'static [&'static str]) -> Allowed {
    Allowed { method: Method::GET, pattern, query, fields: &[] }
}

const fn post(pattern: &'static str, fields: &'static [&'static str]) -> Allowed {
    Allowed { method: Method::POST, pattern, query: &[], fields }
}

const PAGE: [&str; 2] = ["page", "per_page"];
const RUNS: [&str; 9] =
    [PAGE[0], PAGE[1], "actor", "branch", "event", "status", "created", "head_sha", "exclude_pull_requests"];

static CALLS: [Allowed; 24] = [
    get("/user", &[]),
    get(
        "/user/repos",
        &[PAGE[0], PAGE[1], "visibility", "affiliation", "type", "sort", "direction", "since", "before"],
    ),
    get("/repos/{owner}/{repo}", &[]),
    get("/repos/{owner}/{repo}/branches", &[PAGE[0], PAGE[1], "protected"]),
    get("/repos/{owner}/{repo}/branches/{branch}", &[]),
    get("/repos/{owner}/{repo}/contents", &["ref"]),
    get("/repos/{owner}/{repo}/contents/{path*}", &["ref"]),
    get("/repos/{owner}/{repo}/commits", &[PAGE[0], PAGE[1], "sha", "path", "author", "since", "until"]),
    get("/repos/{owner}/{repo}/commits/{ref}", &PAGE),
    get("/repos/{owner}/{repo}/git/trees/{sha}", &["recursive"]),
    get("/repos/{owner}/{repo}/pulls", &[PAGE[0], PAGE[1], "state", "head", "base", "sort", "direction"]),
    get("/repos/{owner}/{repo}/pulls/{number#}", &[]),
    get(
        "/repos/{owner}/{repo}/issues",
        &[PAGE[0], PAGE[1], "state", "labels", "assignee", "creator", "sort", "direction", "since"],
    ),
    get("/repos/{owner}/{repo}/issues/{number#}", &[]),
    get("/repos/{owner}/{repo}/actions/workflows", &PAGE),
    get("/repos/{owner}/{repo}/actions/workflows/{workflow}", &[]),
    get("/repos/{owner}/{repo}/actions/workflows/{workflow}/runs", &RUNS),
    get("/repos/{owner}/{repo}/actions/runs", &RUNS),
    get("/repos/{owner}/{repo}/actions/runs/{run#}", &["exclude_pull_requests"]),
    get("/repos/{owner}/{repo}/actions/runs/{run#}/jobs", &[PAGE[0], PAGE[1], "filter"]),
    post("/repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches", &["ref", "inputs"]),
    post("/repos/{owner}/{repo}/actions/runs/{run#}/rerun", &[]),
    post("/repos/{owner}/{repo}/actions/runs/{run#}/rerun-failed-jobs", &[]),
    post("/repos/{owner}/{repo}/actions/runs/{run#}/cancel", &[]),
];

/// All of them.
pub(crate) fn calls() -> &'static [Allowed] {
    &CALLS
}
