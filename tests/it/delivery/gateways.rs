//! SMS by Africa's Talking and Twilio, played by a fake that checks what it is asked.

use std::time::Duration;

use futures_util::FutureExt;
use tests::{SmsGateway, TestApp};

use super::{NUMBER, SMS_LOG, code_of, delivery, failed, outcome, row, rows, send, sent, sms};

const SMS: &str =
    "042917 is your Ward code to sign in. It holds for 5 minutes. Never pass it on.\n\n@localhost #042917";

/// Both providers at the gateway, in the order of `list`, with some settings of the test's.
async fn app(gateway: &SmsGateway, list: &str, others: &[(&str, &str)]) -> TestApp {
    let settings = [
        ("WARD_SMS", list),
        ("AFRICASTALKING_USERNAME", SmsGateway::AFRICASTALKING.0),
        ("AFRICASTALKING_API_KEY", SmsGateway::AFRICASTALKING.1),
        ("AFRICASTALKING_URL", &gateway.url),
        ("TWILIO_ACCOUNT_SID", SmsGateway::TWILIO.0),
        ("TWILIO_AUTH_TOKEN", SmsGateway::TWILIO.1),
        ("TWILIO_FROM", "+15550100"),
        ("TWILIO_URL", &gateway.url),
    ];
    TestApp::with(&[&settings[..], others].concat()).await
}

#[tokio::test]
async fn africas_talking_takes_a_message_and_says_what_it_costs() {
    let gateway = SmsGateway::start().await;
    let app = app(&gateway, "africastalking", &[]).await;
    send(&app, &delivery(&app), sms()).await.unwrap();
    assert_eq!(outcome(&app, SMS_LOG).await, sent("africastalking", 1));
    let row = row(&app, SMS_LOG).await;
    assert_eq!(row["provider_message_id"], "ATXid_7f");
    assert_eq!((&row["cost_nano"], &row["currency"]), (&800_000_000.into(), &"KES".into()));
    let received = gateway.received();
    let [form] = &received[..] else { panic!("one message") };
    assert_eq!((form["to"].as_str(), form["message"].as_str()), (NUMBER, SMS));
    assert!(!form.contains_key("from"));
}

#[tokio::test]
async fn africas_talking_is_told_the_sender_where_there_is_one() {
    let gateway = SmsGateway::start().await;
    let app = app(&gateway, "africastalking", &[("AFRICASTALKING_SENDER", "WARD")]).await;
    send(&app, &delivery(&app), sms()).await.unwrap();
    assert_eq!(gateway.received()[0]["from"], "WARD");
}

#[tokio::test]
async fn twilio_takes_a_message_and_says_the_price_later() {
    let gateway = SmsGateway::start().await;
    let app = app(&gateway, "twilio", &[]).await;
    send(&app, &delivery(&app), sms()).await.unwrap();
    assert_eq!(outcome(&app, SMS_LOG).await, sent("twilio", 1));
    let row = row(&app, SMS_LOG).await;
    assert_eq!(row["provider_message_id"], "SM0000000000000000000000000000007f");
    assert!(row["cost_nano"].is_null() && row["currency"].is_null());
    let received = gateway.received();
    let [form] = &received[..] else { panic!("one message") };
    let fields = ["To", "From", "Body"].map(|field| form[field].as_str());
    assert_eq!(fields, [NUMBER, "+15550100", SMS]);
}

#[tokio::test]
async fn twilio_sends_by_a_messaging_service() {
    let gateway = SmsGateway::start().await;
    let app = app(&gateway, "twilio", &[("TWILIO_FROM", "MG01")]).await;
    send(&app, &delivery(&app), sms()).await.unwrap();
    assert_eq!(gateway.received()[0]["MessagingServiceSid"], "MG01");
}

#[tokio::test]
async fn a_provider_that_is_down_is_tried_three_times_and_then_the_next() {
    let gateway = SmsGateway::start().await;
    gateway.fail_next(&[500, 429, 503]);
    let app = app(&gateway, "africastalking,twilio", &[]).await;
    send(&app, &delivery(&app), sms()).await.unwrap();
    assert_eq!(outcome(&app, SMS_LOG).await, sent("twilio", 4));
    assert!(gateway.received()[0].contains_key("Body"), "it is Twilio's");
}

#[tokio::test]
async fn a_wrong_key_is_refused_for_good() {
    let gateway = SmsGateway::start().await;
    let wrong = [("AFRICASTALKING_API_KEY", "wrong"), ("TWILIO_AUTH_TOKEN", "wrong")];
    let app = app(&gateway, "twilio,africastalking", &wrong).await;
    assert_eq!(code_of(send(&app, &delivery(&app), sms()).await), (503, "delivery_failed"));
    let error = "the provider answered with status 401";
    assert_eq!(outcome(&app, SMS_LOG).await, failed("africastalking", 2, error));
    assert!(gateway.received().is_empty());
}

#[tokio::test]
async fn a_client_that_goes_away_changes_nothing() {
    let gateway = SmsGateway::answering_together(2).await;
    let app = app(&gateway, "twilio", &[]).await;
    let delivery = delivery(&app);
    // The first has begun when its client goes.
    assert!(Box::pin(send(&app, &delivery, sms())).now_or_never().is_none());
    send(&app, &delivery, sms()).await.unwrap();
    assert_eq!(gateway.received().len(), 2);
    let all_sent = async { while rows(&app, SMS_LOG).await.iter().any(|row| row["status"] != "sent") {} };
    tokio::time::timeout(Duration::from_secs(10), all_sent).await.expect("the outcome of both is written");
}

#[tokio::test]
async fn no_database_connection_is_held_while_a_provider_thinks() {
    // It answers once both messages are there; the one connection has to be free for the second to come.
    let gateway = SmsGateway::answering_together(2).await;
    let app = app(&gateway, "twilio", &[("WARD_DATABASE_POOL", "1")]).await;
    let delivery = delivery(&app);
    let (first, second) = tokio::join!(send(&app, &delivery, sms()), send(&app, &delivery, sms()));
    first.unwrap();
    second.unwrap();
    assert_eq!(gateway.received().len(), 2);
}
