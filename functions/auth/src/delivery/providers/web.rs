//! Form posts to a provider's HTTP API.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode};
use serde::de::DeserializeOwned;
use url::form_urlencoded::Serializer;

use crate::delivery::CALL_LIMIT;
use crate::delivery::provider::SendError;

/// Longest answer that is read.
const LONGEST: usize = 64 * 1024;

/// A client of one provider.
pub(super) struct Web {
    client: Client,
    url: String,
}

impl Web {
    /// A client that posts to `url` with a header by which the provider knows us; `None` where the value can't stand in
    /// a header or TLS can't be set up.
    pub(super) fn new(url: String, name: HeaderName, value: &str) -> Option<Self> {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        let client = Client::builder()
            .tls_backend_preconfigured(shared::tls::client_config())
            .default_headers(HeaderMap::from_iter([(name, value)]))
            .connect_timeout(Duration::from_secs(2))
            .timeout(CALL_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .ok()?;
        Some(Self { client, url })
    }

    /// Posts a form and reads the JSON of a success.
    pub(super) async fn post<T: DeserializeOwned>(&self, fields: &[(&str, &str)]) -> Result<T, SendError> {
        let form = Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(reqwest::header::ACCEPT, "application/json")
            .body(form);
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        if !status.is_success() {
            let reason = format!("the provider answered with status {}", status.as_u16());
            let passes = status.is_server_error()
                || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
            return Err(if passes { SendError::transient(reason) } else { SendError::permanent(reason) });
        }
        // It took the message, so another try could send it twice.
        serde_json::from_slice(&read(response).await?)
            .map_err(|_| SendError::permanent("the provider's answer is not of its form"))
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, SendError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err(SendError::permanent("the provider's answer is too long"));
        }
    }
    Ok(body)
}

fn unreachable(error: &reqwest::Error) -> SendError {
    SendError::transient(if error.is_timeout() {
        "the provider took too long"
    } else {
        "the provider could not be reached"
    })
}
