//! Each function's binary starts with exactly the environment that the template gives it, and answers.
//!
//! Only what stands for something outside the functions is replaced: the address of a server, an ARN, a bucket. A variable
//! that the template lacks is missing here too.

use std::collections::{BTreeMap, HashMap};

use auth::tokens::KeySet;
use axum::http::StatusCode;
use deploy_tests::{Environment, Function as Deployed, Stack};
use serde_json::{Value, json};
use shared::clock::Clock;
use tests::iam::{AccessKey, Authority, IamCache, IamPostgres};
use tests::{Browser, Services};
use ward::model::{MODEL, Model};

use super::emulator::Outcome;
use super::function::Function;
use super::functions::{kms_key, secret};
use super::gateway;
use crate::api::files;

/// The origin whose pages may call: the one of the harness's browser.
const ORIGIN: &str = "http://localhost:9000";

/// What the functions find outside: a database, a cache and an AWS of the test's own.
struct Outside {
    database: String,
    /// What the template's variable stands for, in place of what the template names.
    values: HashMap<&'static str, String>,
    cache: IamCache,
    key: AccessKey,
}

impl Outside {
    async fn new() -> Self {
        let database = Services::get().iam_postgres().empty_database().await;
        let token_keys = KeySet::generate().expect("a key").to_json().to_string();
        let master = json!({ "username": IamPostgres::MASTER, "password": IamPostgres::MASTER_PASSWORD }).to_string();
        let bucket = format!("environment-{}", database.replace('_', "-"));
        files::s3::make_bucket(&bucket).await;
        let (phi, token_keys, model, metrics, master) = tokio::join!(
            kms_key(),
            secret("environment-token-keys", &token_keys),
            secret("environment-model", "a key of the model provider's"),
            secret("environment-metrics", "0123456789abcdef0123456789abcdef"),
            secret("environment-master", &master),
        );
        let values = HashMap::from([
            ("KMS_KEY_ID", phi),
            ("FILES_KEY_ID", "arn:aws:kms:us-east-1:123456789012:key/files".to_owned()),
            ("FILES_BUCKET", bucket),
            ("WARD_TOKEN_KEYS_SECRET_ID", token_keys),
            ("OPENAI_API_KEY_SECRET_ID", model),
            ("METRICS_TOKEN_SECRET_ID", metrics),
            ("DATABASE_SECRET_ID", master),
            ("REDIS_CLUSTER_NAME", IamCache::CLUSTER.to_owned()),
        ]);
        Self { database, values, cache: IamCache::start().await, key: AccessKey::new(Clock::system()) }
    }

    /// The variables of a function, as Lambda would hand them over.
    fn environment(&self, function: &Deployed<'_>) -> BTreeMap<String, String> {
        let given = function.variables();
        let mut variables: BTreeMap<_, _> =
            given.into_iter().map(|(name, value)| (name.clone(), self.stands_for(&name, value))).collect();
        // What Lambda adds, and where the servers of the test are.
        let lambda = self.key.environment().map(|(name, value)| (name, value.to_owned()));
        let servers = [
            ("AWS_ENDPOINT_URL", Services::get().moto().to_owned()),
            ("WARD_CA_FILE", Authority::get().roots().display().to_string()),
        ];
        variables.extend(lambda.into_iter().chain(servers).map(|(name, value)| (name.to_owned(), value)));
        variables
    }

    fn stands_for(&self, name: &str, value: String) -> String {
        match name {
            _ if value.is_empty() => value,
            "DATABASE_URL" => self.database_url(&value),
            "REDIS_URL" => {
                let user = value.strip_prefix("rediss://").and_then(|rest| rest.split_once('@')).map(|(user, _)| user);
                assert_eq!(user, Some("ward-prod-functions"), "{value}");
                self.cache.url()
            }
            _ => {
                let value = self.values.get(name).cloned().unwrap_or(value);
                assert!(!value.contains("${"), "{name} is {value}: what stands for it here?");
                value
            }
        }
    }

    /// The template's URL with the address of the test's server; who signs in, and how TLS is checked, stay.
    fn database_url(&self, value: &str) -> String {
        let rest = value.strip_prefix("postgres://").expect("a URL of PostgreSQL's");
        let (user, address) = rest.rsplit_once('@').map_or((None, rest), |(user, address)| (Some(user), address));
        let (_, query) = address.split_once('?').expect("how TLS is checked");
        let url = Services::get().iam_postgres().url(user, &self.database);
        let (before, _) = url.split_once('?').expect("a query");
        format!("{before}?{query}")
    }

    async fn start(&self, stack: &Stack, binary: &str) -> Function {
        let environment = self.environment(&stack.function(binary));
        let settings: Vec<_> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Function::start_exactly(binary, &settings).await
    }
}

/// Production, but that its page stands where the harness's browser is, its model is the built-in one, and people make
/// their accounts without a mailbox.
fn production(model: &Model) -> Stack {
    let parameters = [
        ("Origins", ORIGIN),
        ("RelyingPartyId", "localhost"),
        ("Registration", "open"),
        ("ModelBaseUrl", &model.base_url()),
        ("ModelName", MODEL),
    ];
    let environment = parameters.into_iter().fold(Environment::of("prod"), |all, (name, value)| all.with(name, value));
    environment.evaluate()
}

async fn report(function: &mut Function, event: Value) -> Value {
    match function.invoke(&event).await {
        Outcome::Buffered(body) => serde_json::from_slice(&body).expect("a report"),
        other => panic!("{other:?}; the log:\n{}", function.log()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_answers_with_the_environment_of_the_template() {
    let model = Model::start(std::time::Duration::ZERO, Clock::system()).await.expect("the built-in model");
    let (outside, stack) = (Box::pin(Outside::new()).await, production(&model));

    let migrated = report(&mut outside.start(&stack, "migrate").await, json!({})).await;
    assert!(migrated["applied"].as_array().is_some_and(|applied| !applied.is_empty()), "{migrated}");

    let mut functions = HashMap::new();
    for route in stack.routes() {
        if !functions.contains_key(&route.function) {
            functions.insert(route.function.clone(), outside.start(&stack, &route.function).await);
        }
    }
    walk(&mut Browser::new(gateway::before(stack.routes(), functions))).await;

    let swept = report(&mut outside.start(&stack, "maintenance").await, json!({"source": "aws.scheduler"})).await;
    assert_eq!(swept["failed"], 0, "{swept}");
    let listed = report(&mut outside.start(&stack, "ward").await, json!({"args": ["user", "list"]})).await;
    assert_eq!(listed["status"], 0, "{listed}");
    assert!(listed["stdout"].as_str().is_some_and(|table| table.contains("ada")), "{listed}");
    assert!(outside.key.judged().refused.is_empty(), "{:?}", outside.key.judged().refused);
}

/// Something of every function that the API reaches, and of everything it stands on.
async fn walk(browser: &mut Browser) {
    let health = browser.get("/health").await;
    assert_eq!(health.status, StatusCode::OK, "{}", health.text());
    assert_eq!(health.json()["checks"], json!({ "database": "ok", "cache": "ok", "keyring": "ok" }));
    let id = browser.register("ada").await;
    assert_eq!(browser.get("/api/auth/me").await.json()["user"]["id"], id.as_str());
    let stored = browser.post("/api/storage/set", json!({ "key": "note", "value": { "text": "sealed" } })).await;
    assert_eq!(stored.status, StatusCode::OK, "{}", stored.text());
    assert_eq!(browser.get("/api/storage/get?key=note").await.json()["value"]["text"], "sealed");
    let content = files::bytes(100_000);
    let file = files::upload(browser, "scan.bin", "application/octet-stream", &content).await;
    let got = files::get(browser, &file, &[]).await;
    assert_eq!((got.status.as_u16(), got.body == content), (200, true), "{:?}", got.headers);
    let chat = browser.post("/api/chats", json!({ "title": "Hello" })).await;
    let chat = format!("/api/chats/{}", chat.json()["id"].as_str().expect("an id"));
    let answer = browser.post(&format!("{chat}/messages"), json!({ "content": "Who are you?" })).await;
    assert_eq!(answer.events().last().map(|(name, _)| name.as_str()), Some("done"), "{}", answer.text());
    assert_eq!(browser.get("/api/usage").await.json()["calls"]["used"], 1);
    let left = browser.post("/api/auth/logout", Value::Null).await;
    assert_eq!(left.status, StatusCode::NO_CONTENT, "{}", left.text());
}
