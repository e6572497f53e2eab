//! Makes a call of the list, and what of GitHub's answer is passed on.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use url::Url;

use super::{Call, GitHub, GitHubError, read, send};

/// Most bytes of an answer that is passed on: a function may answer with 6 MB.
const LONGEST_ANSWER: usize = 5 * 1024 * 1024;

/// How often the user may still call.
const PASSED: [HeaderName; 6] = [
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-ratelimit-reset"),
    HeaderName::from_static("x-ratelimit-used"),
    HeaderName::from_static("x-ratelimit-resource"),
    header::RETRY_AFTER,
];

/// GitHub's answer, as far as it is passed on.
pub(crate) struct Answer {
    /// What came of the call.
    pub(crate) status: StatusCode,
    /// The limits, and where the other pages of a list are.
    pub(crate) headers: HeaderMap,
    /// JSON, or nothing.
    pub(crate) body: Vec<u8>,
}

/// What came of a call.
pub(crate) enum Forwarded {
    /// An answer.
    Answer(Answer),
    /// The token does not hold.
    TokenRefused,
    /// What was asked for is elsewhere now.
    Moved,
}

impl GitHub {
    /// Makes the call with a user's token.
    pub(crate) async fn forward(
        &self,
        call: &Call,
        body: Option<&Map<String, Value>>,
        access_token: &SecretString,
    ) -> Result<Forwarded, GitHubError> {
        let url = Url::parse(&self.api(&call.target())).map_err(|_| GitHubError::Malformed("at a known address"))?;
        let mut request = self.http.request(call.allowed().method.clone(), url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = send(request.bearer_auth(access_token.expose_secret())).await?;
        let status = response.status();
        match status.as_u16() {
            401 => return Ok(Forwarded::TokenRefused),
            301 | 302 | 307 | 308 => return Ok(Forwarded::Moved),
            // What GitHub has to say of the call itself. Another status is not about what the client asked.
            200..=299 | 400 | 403 | 404 | 409 | 410 | 422 | 429 | 451 => {}
            other => return Err(GitHubError::Status(other)),
        }
        let headers = passed_on(call, response.headers());
        let body = read(response, LONGEST_ANSWER).await?;
        let json = body.is_empty() || serde_json::from_slice::<&RawValue>(&body).is_ok();
        if json { Ok(Forwarded::Answer(Answer { status, headers, body })) } else { Err(GitHubError::Malformed("JSON")) }
    }
}

fn passed_on(call: &Call, headers: &HeaderMap) -> HeaderMap {
    let mut passed: HeaderMap =
        PASSED.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect();
    let link = headers.get(header::LINK).and_then(|link| link.to_str().ok()).map(|link| pages(call, link));
    if let Some(link) = link.filter(|link| !link.is_empty()).and_then(|link| HeaderValue::from_str(&link).ok()) {
        passed.insert(header::LINK, link);
    }
    passed
}

/// The links to other pages (RFC 8288), to the same call here: GitHub's own lead to GitHub, by paths not on the list.
pub(crate) fn pages(call: &Call, link: &str) -> String {
    let links = link.split(',').filter_map(|link| {
        let (url, relation) = link.split_once(';')?;
        let url = Url::parse(url.trim().strip_prefix('<')?.strip_suffix('>')?).ok()?;
        let page = url.query_pairs().find(|(name, _)| name == "page")?.1.parse().ok()?;
        let relation = relation.trim().strip_prefix("rel=\"")?.strip_suffix('"')?;
        let known = ["first", "prev", "next", "last"].contains(&relation);
        known.then(|| format!("</api/github{}>; rel=\"{relation}\"", call.page(page)))
    });
    links.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;

    #[test]
    fn links_to_other_pages_lead_to_the_same_call_here() {
        let call = Call::parse(&Method::GET, "/repos/a/b/issues", Some("state=open&page=2")).unwrap();
        let theirs = "<https://api.github.com/repositories/1/issues?state=open&page=3>; rel=\"next\", \
            <https://api.github.com/repositories/1/issues?page=1>; rel=\"first\", \
            <https://evil.example/?page=x>; rel=\"last\", <nothing>; rel=\"prev\", junk";
        assert_eq!(
            pages(&call, theirs),
            "</api/github/repos/a/b/issues?state=open&page=3>; rel=\"next\", \
             </api/github/repos/a/b/issues?state=open&page=1>; rel=\"first\""
        );
    }
}
