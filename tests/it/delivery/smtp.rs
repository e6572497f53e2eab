//! Email over SMTP, to a real server.

use auth::delivery::Delivery;
use tests::{SmtpMode, SmtpServer, TestApp};

use super::{ADDRESS, EMAIL_LOG, code_of, delivery, email, failed, outcome, row, send, sent};

const FROM: (&str, &str) = ("WARD_EMAIL_FROM", "Ward <no-reply@ward.example>");

async fn app(url: &str) -> TestApp {
    TestApp::with(&[("WARD_EMAIL", "smtp"), ("SMTP_URL", url), FROM]).await
}

#[tokio::test]
async fn a_mail_arrives_with_both_bodies_and_the_headers_of_automatic_mail() {
    let server = SmtpServer::start(SmtpMode::Accept).await;
    let app = app(&server.url()).await;
    send(&app, &delivery(&app), email()).await.unwrap();
    assert_eq!(outcome(&app, EMAIL_LOG).await, sent("smtp", 1));

    let received = server.received();
    let [mail] = &received[..] else { panic!("one mail") };
    assert_eq!((&mail["helo"], &mail["from"]), (&"ward.example".into(), &"no-reply@ward.example".into()));
    assert_eq!(mail["to"], serde_json::json!([ADDRESS]));
    let data = mail["data"].as_str().unwrap();
    let id = row(&app, EMAIL_LOG).await["id"].as_str().unwrap().to_owned();
    for part in [
        "From: Ward <no-reply@ward.example>\r\n",
        "To: Ada.Lovelace@example.org\r\n",
        "Subject: Your Ward code\r\n",
        "Date: Sat, 14 Mar 2026 15:09:26 +0000\r\n",
        &format!("Message-ID: <{id}@ward.example>\r\n"),
        "Auto-Submitted: auto-generated\r\n",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
    ] {
        assert!(data.contains(part), "{part} is missing in:\n{data}");
    }
    assert_eq!(data.matches("042917").count(), 2, "once in each body:\n{data}");
    assert_eq!(row(&app, EMAIL_LOG).await["provider_message_id"], format!("{id}@ward.example"));
}

#[tokio::test]
async fn a_server_that_is_busy_is_tried_again() {
    let server = SmtpServer::start(SmtpMode::Busy).await;
    let app = app(&server.url()).await;
    send(&app, &delivery(&app), email()).await.unwrap();
    assert_eq!(outcome(&app, EMAIL_LOG).await, sent("smtp", 2));
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn after_a_refusal_the_next_provider_is_taken_at_once() {
    let server = SmtpServer::start(SmtpMode::Refuse).await;
    let app = TestApp::with(&[("WARD_EMAIL", "smtp,outbox"), ("SMTP_URL", &server.url()), FROM]).await;
    send(&app, &delivery(&app), email()).await.unwrap();
    assert_eq!(outcome(&app, EMAIL_LOG).await, sent("outbox", 2));
    assert_eq!(app.outbox().len(), 1);
}

#[tokio::test]
async fn a_refusal_by_all_is_503_and_the_log_says_why_without_the_servers_words() {
    let server = SmtpServer::start(SmtpMode::Refuse).await;
    let app = app(&server.url()).await;
    assert_eq!(code_of(send(&app, &delivery(&app), email()).await), (503, "delivery_failed"));
    assert_eq!(outcome(&app, EMAIL_LOG).await, failed("smtp", 1, "the SMTP server answered 550"));
    assert!(row(&app, EMAIL_LOG).await["sent_at"].is_null());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_three_times() {
    let app = app("smtp://127.0.0.1:1").await;
    assert_eq!(code_of(send(&app, &delivery(&app), email()).await), (503, "delivery_failed"));
    assert_eq!(outcome(&app, EMAIL_LOG).await, failed("smtp", 3, "the SMTP server could not be reached"));
}

#[tokio::test]
async fn user_and_password_come_from_the_url() {
    let server = SmtpServer::start(SmtpMode::Authenticate).await;
    let right = app(&format!("smtp://ward:secret@127.0.0.1:{}", server.port)).await;
    send(&right, &delivery(&right), email()).await.unwrap();
    assert_eq!(server.received().len(), 1);
    let wrong = app(&format!("smtp://ward:wrong@127.0.0.1:{}", server.port)).await;
    assert_eq!(code_of(send(&wrong, &delivery(&wrong), email()).await), (503, "delivery_failed"));
    assert_eq!(outcome(&wrong, EMAIL_LOG).await, failed("smtp", 1, "the SMTP server answered 535"));
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn where_encryption_is_required_nothing_goes_out_without_it() {
    let server = SmtpServer::start(SmtpMode::Accept).await;
    let app = app(&format!("{}?tls=required", server.url())).await;
    assert_eq!(code_of(send(&app, &delivery(&app), email()).await), (503, "delivery_failed"));
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_sender_that_is_no_address_is_found_at_the_start() {
    let app = TestApp::new().await;
    let mut settings = (*app.platform.settings).clone();
    settings.delivery.email = vec![shared::config::EmailProvider::Ses];
    settings.delivery.email_from = Some("Ward no-reply".into());
    let error = Delivery::new(&settings).err().expect("an error").to_string();
    assert!(error.starts_with("WARD_EMAIL_FROM is not an address"), "{error}");
}
