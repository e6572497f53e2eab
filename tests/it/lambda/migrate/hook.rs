//! The hook of a deployment: nothing gets traffic before the database is ready and the new versions answer.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use tests::Services;

use super::aws::{Asked, Aws, Version, pairs};
use super::report;
use crate::lambda::emulator::Outcome;
use crate::lambda::function::Function;
use crate::lambda::settings::Settings;

fn event() -> Value {
    json!({ "DeploymentId": "d-ABC", "LifecycleEventHookExecutionId": "e-1" })
}

fn told(status: &str) -> Asked {
    Asked::Status(status.to_owned())
}

/// A fake AWS with these versions on the database of some settings, and a migrate function before it.
async fn deployment<const N: usize>(settings: &Settings, versions: [(&'static str, Version); N]) -> (Aws, Function) {
    let aws = Aws::start(settings.get("DATABASE_URL"), versions).await;
    let migrate = Function::start("migrate", &pairs(&aws.settings())).await;
    (aws, migrate)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_deployment_migrates_first_and_then_tries_every_function() {
    let services = Services::get();
    let empty = services.database_url(&services.empty_database().await);
    let settings = Settings::new().await.with("DATABASE_URL", empty);
    let version = || Version::with(&settings.pairs(), &[]);
    let versions = ["health", "auth", "storage", "chat", "usage"].map(|name| (name, version()));
    // Nothing is asked of maintenance: it would not answer here.
    let versions = versions.into_iter().chain([("maintenance", Version::Silent)]);
    let aws = Aws::start(settings.get("DATABASE_URL"), versions).await;
    let mut migrate = Function::start("migrate", &pairs(&aws.settings())).await;

    let verdict = report(migrate.invoke(&event()).await);
    assert_eq!(verdict["status"], "Succeeded", "{verdict}; {}", migrate.log());
    assert!(!verdict["applied"].as_array().expect("a list").is_empty(), "{verdict}");
    assert_eq!(aws.invoked(), ["auth", "chat", "health", "storage", "usage"]);
    let asked = aws.asked();
    assert_eq!(asked.last(), Some(&told("Succeeded")));
    let newest = verdict["version"].as_str().expect("a version");
    for asked in &asked[..asked.len() - 1] {
        assert!(matches!(asked, Asked::Invoked(_, schema) if schema == newest), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_whose_health_is_down_gets_no_traffic() {
    let settings = Settings::new().await;
    let version = Version::with(&settings.pairs(), &[("REDIS_URL", "redis://127.0.0.1:1")]);
    let (aws, mut migrate) = deployment(&settings, [("health", version)]).await;
    let verdict = report(migrate.invoke(&event()).await);
    let because = "health: it answered with status 503; down: cache";
    assert_eq!(verdict, json!({ "status": "Failed", "because": because }));
    assert_eq!(aws.asked().last(), Some(&told("Failed")));
    assert_eq!(aws.asked().len(), 4, "it was given three tries: {:?}", aws.asked());
    let log = migrate.log();
    assert!(log.contains(because) && !log.contains("checks"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_does_not_start_gets_no_traffic() {
    let settings = Settings::new().await;
    let crashing = Version::Ends(vec![("WARD_KEY_FILE".into(), "/nowhere".into())]);
    let versions = [("storage", crashing), ("usage", Version::with(&settings.pairs(), &[]))];
    let (aws, mut migrate) = deployment(&settings, versions).await;
    let verdict = report(migrate.invoke(&event()).await);
    let because = "storage: it crashed, ran out of time, or could not start";
    assert_eq!(verdict, json!({ "status": "Failed", "because": because }), "usage is fit");
    assert_eq!(aws.asked().last(), Some(&told("Failed")));
    assert!(!migrate.log().contains("DATABASE_URL"), "what it said of itself is in its own log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_without_its_database_gets_no_traffic() {
    let settings = Settings::new().await;
    let version = Version::with(&settings.pairs(), &[("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")]);
    let (aws, mut migrate) = deployment(&settings, [("auth", version)]).await;
    let verdict = report(migrate.invoke(&event()).await);
    assert_eq!(verdict["status"], "Failed", "{verdict}");
    assert_eq!(aws.asked().last(), Some(&told("Failed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_tried_on_a_database_that_could_not_be_migrated() {
    let services = Services::get();
    let url = services.database_url(&services.empty_database().await);
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client.batch_execute("CREATE TABLE users ()").await.expect("a table in the way");
    let settings = Settings::new().await.with("DATABASE_URL", url);
    let version = Version::with(&settings.pairs(), &[]);
    let (aws, mut migrate) = deployment(&settings, [("usage", version)]).await;
    let verdict = report(migrate.invoke(&event()).await);
    assert!(verdict["because"].as_str().expect("a reason").starts_with("a migration failed"), "{verdict}");
    assert_eq!(aws.asked(), [told("Failed")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_lacks_or_misreads_a_setting_fails_the_deployment() {
    let settings = Settings::new().await;
    let aws = Aws::start(settings.get("DATABASE_URL"), []).await;
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:operator:1";
    let unknown = format!("operator={arn}");
    let wrong = [
        ("WARD_NEW_VERSIONS", "", "WARD_NEW_VERSIONS is empty"),
        ("WARD_NEW_VERSIONS", "health=latest", "WARD_NEW_VERSIONS is not a list"),
        ("WARD_NEW_VERSIONS", &unknown, "operator: there is no such function to try"),
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none", "can't be reached"),
        ("DATABASE_LOGINS", "me:postgres", "DATABASE_LOGINS is not a list"),
    ];
    let usual = aws.settings().into_iter().filter(|(name, _)| name != "WARD_NEW_VERSIONS").collect::<Vec<_>>();
    for (at, (name, value, because)) in wrong.into_iter().enumerate() {
        let mut given = pairs(&usual);
        given.push(("WARD_NEW_VERSIONS", &unknown));
        given.push((name, value));
        let mut migrate = Function::start("migrate", &given).await;
        let verdict = report(migrate.invoke(&event()).await);
        assert!(verdict["because"].as_str().expect("a reason").contains(because), "{verdict}");
        assert_eq!(aws.asked(), vec![told("Failed"); at + 1], "{name}={value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codedeploy_hears_of_the_failure_before_the_functions_time_is_over() {
    let settings = Settings::new().await;
    let (aws, mut migrate) = deployment(&settings, [("chat", Version::Silent)]).await;
    let now = || u64::try_from(Clock::system().now().as_millisecond()).expect("after 1970");
    // Twenty seconds are kept for telling CodeDeploy.
    let deadline = now() + u64::try_from(Duration::from_secs(22).as_millis()).expect("a number");
    let verdict = report(migrate.invoke_until(&event(), deadline).await);
    assert!(now() < deadline);
    assert_eq!(verdict, json!({ "status": "Failed", "because": "the function's time is nearly over" }));
    assert_eq!(aws.asked().last(), Some(&told("Failed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn codedeploy_is_told_again_where_it_did_not_listen() {
    let settings = Settings::new().await;
    let (aws, mut migrate) = deployment(&settings, [("usage", Version::with(&settings.pairs(), &[]))]).await;
    aws.refuse(1);
    assert_eq!(report(migrate.invoke(&event()).await)["status"], "Succeeded");
    assert_eq!(aws.asked().last(), Some(&told("Succeeded")));
    // Lambda invokes a function again that failed, and the next time may be better.
    aws.refuse(3);
    match migrate.invoke(&event()).await {
        Outcome::Failed(error) => assert!(error.contains("CodeDeploy could not be told"), "{error}"),
        other => panic!("{other:?}"),
    }
}
