//! Messages to people, through real servers and fakes of the providers' APIs, and what the delivery logs say after.

mod aws;
mod gateways;
mod log;
mod smtp;

use std::time::Duration;

use auth::delivery::{CodePurpose, Delivery, EmailAddress, Message, PhoneNumber, Template};
use serde_json::Value;
use shared::http::Problem;
use tests::TestApp;
use uuid::Uuid;

const ADDRESS: &str = "Ada.Lovelace@example.org";
const NUMBER: &str = "+254711123456";
const EMAIL_LOG: &str = "email_delivery_log";
const SMS_LOG: &str = "sms_delivery_log";

fn code() -> Template {
    Template::Code { code: "042917".into(), purpose: CodePurpose::SignIn, valid_for: Duration::from_mins(5) }
}

fn email() -> Message {
    Message::email(EmailAddress::parse(ADDRESS).unwrap(), code())
}

fn sms() -> Message {
    Message::sms(PhoneNumber::parse(NUMBER).unwrap(), code())
}

/// The providers of the application's settings.
fn delivery(app: &TestApp) -> Delivery {
    Delivery::new(&app.platform.settings).unwrap()
}

/// Sends in nobody's name.
async fn send(app: &TestApp, delivery: &Delivery, message: Message) -> Result<(), Problem> {
    delivery.send(&app.platform, Uuid::nil(), message).await
}

/// The rows of a delivery log. None holds where its message went.
async fn rows(app: &TestApp, log: &str) -> Vec<Value> {
    let database = app.superuser().await;
    database.batch_execute("SET bytea_output = 'escape'").await.unwrap();
    let rows = database.query(&format!("SELECT to_jsonb(t), t::text FROM {log} t ORDER BY id"), &[]).await.unwrap();
    for row in &rows {
        let text = row.get::<_, String>(1).to_lowercase();
        for secret in ["lovelace", "254711123456", "042917"] {
            assert!(!text.contains(secret), "{log} holds {secret}: {text}");
        }
    }
    rows.into_iter().map(|row| row.get(0)).collect()
}

/// The one row of a delivery log.
async fn row(app: &TestApp, log: &str) -> Value {
    let mut rows = rows(app, log).await;
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

/// Status, provider, number of tries and error of the one row.
async fn outcome(app: &TestApp, log: &str) -> (String, String, i64, Option<String>) {
    let row = row(app, log).await;
    let text = |column: &str| row[column].as_str().map(str::to_owned);
    (text("status").unwrap(), text("provider").unwrap(), row["attempts"].as_i64().unwrap(), text("error"))
}

fn sent(provider: &str, attempts: i64) -> (String, String, i64, Option<String>) {
    ("sent".into(), provider.into(), attempts, None)
}

fn failed(provider: &str, attempts: i64, error: &str) -> (String, String, i64, Option<String>) {
    ("failed".into(), provider.into(), attempts, Some(error.into()))
}

/// The code of a refusal.
fn code_of(result: Result<(), Problem>) -> (u16, &'static str) {
    let problem = result.expect_err("a refusal");
    (problem.status().as_u16(), problem.summary().0)
}
