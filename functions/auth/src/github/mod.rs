//! The client of GitHub: OAuth (RFC 6749 with PKCE and the rules of RFC 9700), and calls with a user's token.

mod allowed;
mod answer;
mod call;
mod error;
mod oauth;
mod person;

use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::{RequestBuilder, Response};
use shared::config;

#[cfg(feature = "fuzzing")]
pub(crate) use answer::pages;
pub(crate) use answer::{Answer, Forwarded};
pub(crate) use call::Call;
pub(crate) use error::GitHubError;
pub(crate) use oauth::{Grant, Refused};
pub(crate) use person::Person;

const CONNECT: Duration = Duration::from_secs(3);
/// For one call from its first byte to its last: a forwarded call with a refresh before it and one after it stays below
/// the 29 s of API Gateway.
const WHOLE: Duration = Duration::from_secs(7);
/// Most bytes of an answer that Ward itself reads.
const LONGEST_ANSWER: usize = 256 * 1024;
const API_VERSION: HeaderValue = HeaderValue::from_static("2022-11-28");

/// GitHub. Cheap to clone.
#[derive(Clone)]
pub(crate) struct GitHub {
    http: reqwest::Client,
    oauth: oauth::OAuth,
    settings: config::GitHub,
}

impl GitHub {
    /// `None` where the addresses are none, or TLS can't be set up.
    pub(crate) fn new(settings: &config::GitHub) -> Option<Self> {
        let headers = HeaderMap::from_iter([
            // GitHub refuses who does not say who they are.
            (USER_AGENT, HeaderValue::from_static(concat!("ward/", env!("CARGO_PKG_VERSION")))),
            (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (HeaderName::from_static("x-github-api-version"), API_VERSION),
        ]);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(shared::tls::client_config())
            .default_headers(headers)
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            // A token goes to the host it is for, and a code to the endpoint it is for.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .ok()?;
        Some(Self { http, oauth: oauth::client(settings)?, settings: settings.clone() })
    }

    /// The address of a path of the API.
    fn api(&self, path: &str) -> String {
        format!("{}{path}", self.settings.api_url)
    }
}

async fn send(request: RequestBuilder) -> Result<Response, GitHubError> {
    request.send().await.map_err(|error| GitHubError::of(&error))
}

/// The body, where it has at most so many bytes.
async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, GitHubError> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(GitHubError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| GitHubError::of(&error))? {
        if body.len() + chunk.len() > most {
            return Err(GitHubError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
