//! API Gateway REST proxy events.

use base64::Engine;
use serde_json::{Value, json};

/// An event as API Gateway sends it, taken from its documentation and filled in by each test.
const FIXTURE: &str = include_str!("events/rest-proxy.json");

/// Builds one event.
pub struct Event(Value);

impl Event {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Self {
        let mut event: Value = serde_json::from_str(FIXTURE).expect("the fixture is JSON");
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        event["path"] = json!(path);
        event["resource"] = json!(path);
        event["httpMethod"] = json!(method);
        event["requestContext"]["httpMethod"] = json!(method);
        // The stage stands in front here, and only here.
        event["requestContext"]["path"] = json!(format!("/dev{path}"));
        event["requestContext"]["resourcePath"] = json!(path);
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            event["queryStringParameters"][name] = json!(value);
            event["multiValueQueryStringParameters"][name] = json!([value]);
        }
        Self(event)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = json!(value);
        self.0["multiValueHeaders"][name] = json!([value]);
        self
    }

    /// Adds a body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        self.0["body"] = json!(body);
        self
    }

    /// Adds a body of any bytes, as API Gateway does where the template names their type as binary.
    #[must_use]
    pub fn bytes(mut self, body: &[u8]) -> Self {
        self.0["body"] = json!(base64::engine::general_purpose::STANDARD.encode(body));
        self.0["isBase64Encoded"] = json!(true);
        self
    }

    /// Adds a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body(&body.to_string()).header("Content-Type", "application/json")
    }

    /// The event.
    pub fn build(self) -> Value {
        self.0
    }
}
