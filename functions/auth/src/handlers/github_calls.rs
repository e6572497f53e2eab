use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use shared::http::{JsonBody, Problem, ProblemBody};
use shared::identity::Caller;

use crate::App;
use crate::domain::github;
use crate::github::{Answer, Call};

const PREFIX: &str = "/api/github";

/// Reads at GitHub in the user's name, who has connected GitHub.
///
/// The path and the parameters are GitHub's own. Forwarded are `/user`, `/user/repos`, `/repos/{owner}/{repo}`,
/// `/repos/{owner}/{repo}/branches`, `/repos/{owner}/{repo}/branches/{branch}`, `/repos/{owner}/{repo}/contents`,
/// `/repos/{owner}/{repo}/contents/{path}`, `/repos/{owner}/{repo}/commits`, `/repos/{owner}/{repo}/commits/{ref}`,
/// `/repos/{owner}/{repo}/git/trees/{sha}`, `/repos/{owner}/{repo}/pulls`, `/repos/{owner}/{repo}/pulls/{number}`,
/// `/repos/{owner}/{repo}/issues`, `/repos/{owner}/{repo}/issues/{number}`,
/// `/repos/{owner}/{repo}/actions/workflows`, `/repos/{owner}/{repo}/actions/workflows/{workflow}`,
/// `/repos/{owner}/{repo}/actions/workflows/{workflow}/runs`, `/repos/{owner}/{repo}/actions/runs`,
/// `/repos/{owner}/{repo}/actions/runs/{run}` and `/repos/{owner}/{repo}/actions/runs/{run}/jobs`; no other call is.
/// `Link` leads to the other pages of a list. GitHub's own errors come through with its status and body.
#[utoipa::path(get, path = "/api/github/{*path}", tag = "github",
    params(("path" = String, Path, description = "A path of GitHub's API, with its slashes")),
    responses(
        (status = 200, description = "GitHub's answer, up to 5 MB", body = Value),
        (status = 400, description = "A parameter is not of the call", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "The call is not forwarded, or GitHub's answer", body = ProblemBody),
        (status = 409, description = "GitHub has to be connected, or connected anew; or it has moved", body = ProblemBody),
        (status = 502, description = "GitHub's answer is too large or none", body = ProblemBody),
        (status = 503, description = "GitHub can't be reached", body = ProblemBody),
    ))]
pub(crate) async fn read(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let call = call(&Method::GET, &request)?;
    Ok(github::forward(&app, &caller, &call, None).await?.into_response())
}

/// Acts at GitHub in the user's name.
///
/// Forwarded are `/repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches` (with a body of `ref` and `inputs`),
/// `/repos/{owner}/{repo}/actions/runs/{run}/rerun`, `/repos/{owner}/{repo}/actions/runs/{run}/rerun-failed-jobs` and
/// `/repos/{owner}/{repo}/actions/runs/{run}/cancel` (without one); no other call is.
#[utoipa::path(post, path = "/api/github/{*path}", tag = "github",
    params(("path" = String, Path, description = "A path of GitHub's API, with its slashes")),
    request_body(content = Option<Value>, description = "Of a dispatch alone: `ref` and `inputs`, up to 64 KB"),
    responses(
        (status = 201, description = "GitHub's answer: a rerun", body = Value),
        (status = 202, description = "GitHub's answer: a cancellation", body = Value),
        (status = 204, description = "GitHub's answer: a dispatch"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "The call is not forwarded, or GitHub's answer", body = ProblemBody),
        (status = 409, description = "GitHub has to be connected, or connected anew; or it has moved", body = ProblemBody),
        (status = 422, description = "The body has a field that is not of the call, or GitHub's answer", body = ProblemBody),
        (status = 502, description = "GitHub's answer is too large or none", body = ProblemBody),
        (status = 503, description = "GitHub can't be reached", body = ProblemBody),
    ))]
pub(crate) async fn write(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let call = call(&Method::POST, &request)?;
    let body = if call.takes_body() {
        let JsonBody(body) = JsonBody::<Map<String, Value>>::from_request(request, &app).await?;
        call.check_body(&body)?;
        Some(body)
    } else {
        None
    };
    Ok(github::forward(&app, &caller, &call, body.as_ref()).await?.into_response())
}

/// The path as it stands in the request: axum's own reading of it is decoded already.
fn call(method: &Method, request: &Request) -> Result<Call, Problem> {
    let uri = request.uri();
    let path = uri.path().strip_prefix(PREFIX).ok_or_else(Problem::not_found)?;
    Call::parse(method, path, uri.query())
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let json = !self.body.is_empty();
        let mut response = (self.status, self.headers, self.body).into_response();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        if json {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        response
    }
}
