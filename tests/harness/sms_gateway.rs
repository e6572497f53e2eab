use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::sync::Barrier;

/// A fake of the SMS providers' HTTP APIs as their documentation has them: Africa's Talking, Twilio and SNS. Checks
/// how a request authenticates and which fields it has.
#[derive(Clone, Default)]
pub struct SmsGateway {
    /// Its base URL.
    pub url: String,
    state: Arc<Mutex<Seen>>,
    meeting: Option<Arc<Barrier>>,
}

#[derive(Default)]
struct Seen {
    forms: Vec<BTreeMap<String, String>>,
    failures: VecDeque<u16>,
}

type Form = BTreeMap<String, String>;

impl SmsGateway {
    /// The user of Africa's Talking and its key.
    pub const AFRICASTALKING: (&str, &str) = ("ward", "at-key");
    /// The account of Twilio and its token.
    pub const TWILIO: (&str, &str) = ("AC00000000000000000000000000000001", "twilio-token");

    /// Starts one on 127.0.0.1.
    pub async fn start() -> Self {
        Self::serve(None).await
    }

    /// One that answers no request before `count` of them are there.
    pub async fn answering_together(count: usize) -> Self {
        Self::serve(Some(Arc::new(Barrier::new(count)))).await
    }

    async fn serve(meeting: Option<Arc<Barrier>>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let gateway = Self { url, meeting, ..Self::default() };
        let router = Router::new()
            .route("/version1/messaging", post(africas_talking))
            .route("/2010-04-01/Accounts/{account}/Messages.json", post(twilio))
            .route("/", post(sns))
            .with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        gateway
    }

    /// Answers the next requests with these statuses.
    pub fn fail_next(&self, statuses: &[u16]) {
        self.state.lock().unwrap().failures.extend(statuses);
    }

    /// The forms of the messages it took.
    pub fn received(&self) -> Vec<Form> {
        self.state.lock().unwrap().forms.clone()
    }

    /// Whether the request is for it to answer, and the fields it has.
    async fn take(&self, headers: &HeaderMap, body: &str) -> Result<Form, Response> {
        if let Some(meeting) = &self.meeting {
            meeting.wait().await;
        }
        if let Some(status) = self.state.lock().unwrap().failures.pop_front() {
            return Err(StatusCode::from_u16(status).unwrap().into_response());
        }
        if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/x-www-form-urlencoded") {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
        }
        Ok(url::form_urlencoded::parse(body.as_bytes()).into_owned().collect())
    }

    fn keep(&self, form: Form) {
        self.state.lock().unwrap().forms.push(form);
    }
}

fn has(form: &Form, fields: &[&str]) -> bool {
    fields.iter().all(|field| form.contains_key(*field))
}

async fn africas_talking(State(gateway): State<SmsGateway>, headers: HeaderMap, body: String) -> Response {
    let form = match gateway.take(&headers, &body).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let (username, key) = SmsGateway::AFRICASTALKING;
    let known =
        headers.get("apikey").is_some_and(|given| given == key) && form.get("username").is_some_and(|u| u == username);
    if !known {
        return (StatusCode::UNAUTHORIZED, "The supplied authentication is invalid").into_response();
    }
    // Without this it answers XML.
    if headers.get(header::ACCEPT).is_none_or(|kind| kind != "application/json") || !has(&form, &["to", "message"]) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let recipient = json!({
        "statusCode": 101, "number": form["to"], "status": "Success", "cost": "KES 0.8000", "messageId": "ATXid_7f",
    });
    gateway.keep(form);
    let data = json!({"Message": "Sent to 1/1 Total Cost: KES 0.8000", "Recipients": [recipient]});
    (StatusCode::CREATED, axum::Json(json!({"SMSMessageData": data}))).into_response()
}

async fn twilio(
    State(gateway): State<SmsGateway>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let form = match gateway.take(&headers, &body).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let (sid, token) = SmsGateway::TWILIO;
    let known = format!("Basic {}", STANDARD.encode(format!("{sid}:{token}")));
    if account != sid || headers.get(header::AUTHORIZATION).is_none_or(|given| *given != known) {
        return (StatusCode::UNAUTHORIZED, axum::Json(json!({"code": 20003, "status": 401}))).into_response();
    }
    if !has(&form, &["To", "Body"]) || has(&form, &["From"]) == has(&form, &["MessagingServiceSid"]) {
        return (StatusCode::BAD_REQUEST, axum::Json(json!({"code": 21603, "status": 400}))).into_response();
    }
    let answer = json!({
        "sid": "SM0000000000000000000000000000007f", "account_sid": account, "to": form["To"], "status": "queued",
        "error_code": null, "error_message": null, "price": null, "price_unit": "USD", "num_segments": "1",
    });
    gateway.keep(form);
    (StatusCode::CREATED, axum::Json(answer)).into_response()
}

async fn sns(State(gateway): State<SmsGateway>, headers: HeaderMap, body: String) -> Response {
    let form = match gateway.take(&headers, &body).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    if headers.get(header::AUTHORIZATION).is_none_or(|given| !given.as_bytes().starts_with(b"AWS4-HMAC-SHA256")) {
        return StatusCode::FORBIDDEN.into_response();
    }
    gateway.keep(form);
    let answer = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>sns-7f\
        </MessageId></PublishResult></PublishResponse>";
    ([(header::CONTENT_TYPE, "text/xml")], answer).into_response()
}
