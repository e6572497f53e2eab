//! SES and SNS, played by moto.

use auth::delivery::Delivery;
use aws_config::SdkConfig;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tests::{Services, SmsGateway, TestApp};

use super::{ADDRESS, EMAIL_LOG, NUMBER, SMS_LOG, code_of, email, failed, outcome, row, send, sent, sms};

fn config(endpoint: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

fn delivery(app: &TestApp, endpoint: &str) -> Delivery {
    Delivery::on_aws(&app.platform.settings, config(endpoint)).unwrap()
}

/// What moto has of a model of a service.
async fn data(service: &str, model: &str) -> Vec<Value> {
    let address = Services::get().moto().trim_start_matches("http://");
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::get("/moto-api/data.json").header("host", address).body(Empty::<&[u8]>::new());
    let body = sender.send_request(request.unwrap()).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let all: Value = serde_json::from_slice(&body).unwrap();
    all[service][model].as_array().expect("moto knows the model").clone()
}

#[tokio::test]
async fn ses_takes_a_mail_from_a_verified_sender() {
    let moto = Services::get().moto();
    let client = aws_sdk_sesv2::Client::new(&config(moto));
    client.create_email_identity().email_identity("verified.example").send().await.unwrap();
    let settings = [("WARD_EMAIL", "ses"), ("WARD_EMAIL_FROM", "no-reply@verified.example")];
    let app = TestApp::with(&settings).await;
    send(&app, &delivery(&app, moto), email()).await.unwrap();
    assert_eq!(outcome(&app, EMAIL_LOG).await, sent("ses", 1));

    let row = row(&app, EMAIL_LOG).await;
    let mails = data("ses", "RawMessage").await;
    let mail = mails.iter().find(|mail| mail["id"] == row["provider_message_id"]).expect("the mail of the row");
    assert_eq!((&mail["source"], &mail["destinations"][0]), (&"no-reply@verified.example".into(), &ADDRESS.into()));
    let raw = mail["raw_data"].as_str().unwrap();
    for part in ["From: Ward <no-reply@verified.example>", "Subject: Your Ward code", "Auto-Submitted: auto-generated"]
    {
        assert!(raw.contains(part), "{part} is missing in:\n{raw}");
    }
    assert_eq!(raw.matches("042917").count(), 2, "once in each body:\n{raw}");
}

#[tokio::test]
async fn a_sender_that_ses_does_not_know_is_refused_for_good() {
    let settings = [("WARD_EMAIL", "ses,outbox"), ("WARD_EMAIL_FROM", "no-reply@unverified.example")];
    let app = TestApp::with(&settings).await;
    send(&app, &delivery(&app, Services::get().moto()), email()).await.unwrap();
    assert_eq!(outcome(&app, EMAIL_LOG).await, sent("outbox", 2));

    let app = TestApp::with(&[("WARD_EMAIL", "ses"), settings[1]]).await;
    assert_eq!(code_of(send(&app, &delivery(&app, Services::get().moto()), email()).await), (503, "delivery_failed"));
    assert_eq!(outcome(&app, EMAIL_LOG).await, failed("ses", 1, "AWS answered MessageRejected"));
}

#[tokio::test]
async fn sns_takes_a_message() {
    let app = TestApp::with(&[("WARD_SMS", "sns")]).await;
    send(&app, &delivery(&app, Services::get().moto()), sms()).await.unwrap();
    assert_eq!(outcome(&app, SMS_LOG).await, sent("sns", 1));
    let row = row(&app, SMS_LOG).await;
    let messages = data("sns", "SMS").await;
    let message = messages.iter().find(|sms| sms["message_id"] == row["provider_message_id"]).expect("the row's");
    assert_eq!(message["phone_number"], NUMBER);
    assert!(message["message"].as_str().unwrap().ends_with("\n\n@localhost #042917"));
}

#[tokio::test]
async fn sns_is_asked_for_the_route_of_codes_and_tried_once_at_a_time() {
    let gateway = SmsGateway::start().await;
    gateway.fail_next(&[500, 503]);
    let app = TestApp::with(&[("WARD_SMS", "sns")]).await;
    send(&app, &delivery(&app, &gateway.url), sms()).await.unwrap();
    assert_eq!(outcome(&app, SMS_LOG).await, sent("sns", 3));
    let received = gateway.received();
    let [form] = &received[..] else { panic!("one message") };
    assert_eq!(form["MessageAttributes.entry.1.Name"], "AWS.SNS.SMS.SMSType");
    assert_eq!(form["MessageAttributes.entry.1.Value.StringValue"], "Transactional");
}

#[tokio::test]
async fn an_aws_that_does_not_answer_is_tried_three_times() {
    let app = TestApp::with(&[("WARD_SMS", "sns")]).await;
    let answer = send(&app, &delivery(&app, "http://127.0.0.1:1"), sms()).await;
    assert_eq!(code_of(answer), (503, "delivery_failed"));
    assert_eq!(outcome(&app, SMS_LOG).await, failed("sns", 3, "AWS could not be reached"));
}
