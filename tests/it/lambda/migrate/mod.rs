//! The migrate function, as a deployment invokes it.

use serde_json::{Value, json};
use tests::Services;
use tokio_postgres::NoTls;

mod aws;
mod hook;
mod logins;

use super::emulator::Outcome;
use super::function::Function;

#[tokio::test]
async fn migrate_brings_an_empty_database_to_the_newest_schema_once() {
    let services = Services::get();
    let url = services.database_url(&services.empty_database().await);
    let mut migrate = Function::start("migrate", &[("DATABASE_URL", &url)]).await;

    let first = report(migrate.invoke(&json!({})).await);
    let applied = first["applied"].as_array().expect("a list");
    assert!(!applied.is_empty(), "{first}");
    assert_eq!(applied.last(), Some(&first["version"]), "{first}");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client.batch_execute("SELECT id FROM users").await.expect("the tables are there");

    // Whatever is no hook's event means the same.
    let scheduled =
        json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": { "DeploymentId": "d" } });
    let second = report(migrate.invoke(&scheduled).await);
    assert_eq!(second, json!({ "applied": [], "version": first["version"], "logins": [] }));
}

#[tokio::test]
async fn migrate_fails_the_deployment_when_it_can_not_reach_the_database() {
    let mut migrate = Function::start("migrate", &[("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")]).await;
    match migrate.invoke(&json!({})).await {
        Outcome::Failed(error) => assert!(error.contains("can't be reached"), "{error}"),
        other => panic!("{other:?}"),
    }
}

fn report(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Buffered(body) => serde_json::from_slice(&body).expect("a report"),
        other => panic!("{other:?}"),
    }
}
