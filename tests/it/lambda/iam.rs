//! Functions that sign in as they do in AWS: by tokens of their role, or by the secret that RDS keeps.

use serde_json::json;
use shared::clock::Clock;
use tests::Services;
use tests::iam::{AccessKey, Authority, IamCache, IamPostgres};

use super::emulator::Outcome;
use super::event::Event;
use super::function::Function;
use super::functions::secret;
use super::settings::Settings;

#[tokio::test]
async fn a_function_signs_in_to_the_database_and_the_cache_by_its_role() {
    let (database, cache, key) =
        (Services::get().iam_postgres(), IamCache::start().await, AccessKey::new(Clock::system()));
    let login = database.login("ward_app").await;
    let mut settings = Settings::new()
        .await
        .with("DATABASE_URL", database.url(Some(&login), &database.database().await))
        .with("DATABASE_AUTH", "iam")
        .with("REDIS_URL", cache.url())
        .with("REDIS_AUTH", "iam")
        .with("REDIS_CLUSTER_NAME", IamCache::CLUSTER)
        .with("WARD_CA_FILE", Authority::get().roots().to_str().unwrap());
    for (name, value) in key.environment() {
        settings = settings.with(name, value);
    }
    let mut health = Function::start("health", &settings.pairs()).await;
    let answer = health.call(&Event::new("GET", "/health").build()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.json()["checks"], json!({ "database": "ok", "cache": "ok", "keyring": "ok" }));
    let judged = key.judged();
    assert_eq!((judged.accepted.len(), judged.refused.len()), (2, 0), "{judged:?}");
    for token in judged.accepted {
        assert!(!health.log().contains(&token), "{}", health.log());
    }
}

#[tokio::test]
async fn migrate_takes_the_master_from_the_secret_that_rds_keeps() {
    let database = Services::get().iam_postgres();
    let name = database.empty_database().await;
    let master = json!({ "username": IamPostgres::MASTER, "password": IamPostgres::MASTER_PASSWORD });
    let secret = secret("master", &master.to_string()).await;
    let settings = [
        ("DATABASE_URL", database.url(None, &name)),
        ("DATABASE_SECRET_ID", secret),
        ("WARD_CA_FILE", Authority::get().roots().display().to_string()),
        ("AWS_ENDPOINT_URL", Services::get().moto().to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
    ];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut migrate = Function::start("migrate", &settings).await;
    match migrate.invoke(&json!({})).await {
        Outcome::Buffered(_) => {}
        other => panic!("{other:?}"),
    }
    database.superuser(&name).await.batch_execute("SELECT id FROM users").await.expect("the tables are there");
}
