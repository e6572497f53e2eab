use auth::delivery::{SecurityChange, Template};
use shared::vault::Field;
use tests::{Proxy, Services, Target, TestApp};
use uuid::Uuid;

use super::{ADDRESS, EMAIL_LOG, NUMBER, SMS_LOG, code_of, delivery, email, outcome, row, rows, send, sent, sms};

#[tokio::test]
async fn a_message_is_sealed_under_its_users_key_and_found_by_its_address() {
    let app = TestApp::new().await;
    let user: Uuid = app.browser().register("ada").await.parse().unwrap();
    delivery(&app).send(&app.platform, user, email()).await.unwrap();
    let mut again = email();
    let at = app.clock.now();
    again.template = Template::Notice { change: SecurityChange::PasswordChanged, at };
    send(&app, &delivery(&app), again).await.unwrap();

    let rows = rows(&app, EMAIL_LOG).await;
    assert_eq!((&rows[0]["template"], &rows[1]["template"]), (&"code".into(), &"notice".into()));
    assert_eq!(rows[0]["to_index"], rows[1]["to_index"], "one address has one index, whoever it is sent for");
    let database = app.superuser().await;
    let query = "SELECT id, user_id, to_address FROM email_delivery_log ORDER BY id";
    for (row, owner) in database.query(query, &[]).await.unwrap().iter().zip([user, Uuid::nil()]) {
        assert_eq!(row.get::<_, Uuid>(1), owner);
        let id = row.get::<_, Uuid>(0).to_string();
        let field = Field { table: EMAIL_LOG, column: "to_address", row: &id };
        let platform = &app.platform;
        let opened = platform.vault.open_any(&platform.db, owner, &field, row.get(2)).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&opened), ADDRESS);
    }
}

#[tokio::test]
async fn a_message_for_nobody_costs_the_same_queries_as_one_for_a_user() {
    let database = Proxy::before(Target::Unix(Services::get().postgres_socket())).await;
    let url = format!("postgres://ward@127.0.0.1:{}/{{database}}?sslmode=disable", database.port);
    let app = TestApp::with(&[("DATABASE_URL", &url), ("WARD_DATABASE_POOL", "1")]).await;
    let user: Uuid = app.browser().register("ada").await.parse().unwrap();
    let delivery = delivery(&app);
    let mut counts = Vec::new();
    for owner in [user, Uuid::nil(), user, Uuid::nil()] {
        let before = database.round_trips();
        delivery.send(&app.platform, owner, email()).await.unwrap();
        counts.push(database.round_trips() - before);
    }
    assert_eq!(counts[2..], [2, 2], "one for the pending row, one for the outcome");
}

#[tokio::test]
async fn the_outbox_takes_both_channels_where_nothing_else_is_set() {
    let app = TestApp::new().await;
    send(&app, &delivery(&app), email()).await.unwrap();
    send(&app, &delivery(&app), sms()).await.unwrap();
    assert_eq!(outcome(&app, EMAIL_LOG).await, sent("outbox", 1));
    assert_eq!(outcome(&app, SMS_LOG).await, sent("outbox", 1));

    let messages = app.outbox();
    assert_eq!(messages.len(), 2);
    let [sms, email] = &messages[..] else { panic!("two messages") };
    assert_eq!((sms.channel.as_str(), sms.to.as_str(), sms.code.as_deref()), ("sms", NUMBER, Some("042917")));
    assert_eq!((email.channel.as_str(), email.to.as_str()), ("email", ADDRESS));
    assert_eq!(email.subject.as_deref(), Some("Your Ward code"));
    let row = row(&app, SMS_LOG).await;
    assert_eq!(row["provider_message_id"], sms.id.to_string());
    assert!(row["sent_at"].is_string() && row["cost_nano"].is_null());
}

#[tokio::test]
async fn an_outbox_that_can_not_be_written_is_a_failed_delivery() {
    let app = TestApp::with(&[("WARD_OUTBOX", "/dev/null/outbox")]).await;
    assert_eq!(code_of(send(&app, &delivery(&app), email()).await), (503, "delivery_failed"));
    assert_eq!(outcome(&app, EMAIL_LOG).await, super::failed("outbox", 1, "the outbox could not be written"));
}

#[tokio::test]
async fn without_a_provider_nothing_is_written_and_the_answer_says_what_to_set() {
    let app = TestApp::with(&[("WARD_OUTBOX", "")]).await;
    for (message, log) in [(email(), EMAIL_LOG), (sms(), SMS_LOG)] {
        assert_eq!(code_of(send(&app, &delivery(&app), message).await), (503, "delivery_not_configured"));
        assert!(rows(&app, log).await.is_empty());
    }
}
