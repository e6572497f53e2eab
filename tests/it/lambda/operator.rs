//! The operator function: `ward` itself under Lambda.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Random;
use shared::vault::FileKeyring;
use tempfile::TempDir;
use tests::Services;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::emulator::Outcome;
use super::function::Function;
use super::functions::{kms_key, secret};

/// What the function is given: the settings of `ward user` and `ward keys`, and no more.
struct Stack {
    settings: HashMap<&'static str, String>,
    _folder: TempDir,
}

impl Stack {
    async fn new() -> Self {
        let services = Services::get();
        let database = services.database().await;
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        FileKeyring::create(&key, Random::default()).unwrap();
        let settings = HashMap::from([
            ("DATABASE_URL", services.database_url(&database)),
            ("REDIS_URL", format!("redis+unix://{}", services.redis_socket().display())),
            ("WARD_KEY_FILE", key.display().to_string()),
            ("WARD_APP", database),
            ("WARD_ORIGINS", "https://app.example".to_owned()),
        ]);
        Self { settings, _folder: folder }
    }

    /// The database's address in Secrets Manager and the keyring in KMS, as a deployed stack has them.
    async fn on_aws() -> Self {
        let mut stack = Self::new().await;
        let url = stack.settings.remove("DATABASE_URL").unwrap();
        stack.settings.remove("WARD_KEY_FILE").unwrap();
        let (key, database) = tokio::join!(kms_key(), secret("operator", &url));
        stack.settings.extend([
            ("KMS_KEY_ID", key),
            ("DATABASE_SECRET_ID", database),
            ("AWS_ENDPOINT_URL", Services::get().moto().to_owned()),
            ("AWS_ACCESS_KEY_ID", "testing".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "testing".to_owned()),
        ]);
        stack
    }

    async fn function(&self) -> Function {
        let settings: Vec<_> = self.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Function::start("ward", &settings).await
    }
}

fn answer(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Buffered(body) => serde_json::from_slice(&body).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn run(function: &mut Function, arguments: &[&str]) -> Value {
    answer(function.invoke(&json!({ "args": arguments })).await)
}

/// The lines the function has logged, once there are so many.
async fn log_of(function: &Function, lines: usize) -> Vec<Value> {
    loop {
        let log = function.log();
        if log.lines().count() >= lines {
            return log.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn it_makes_the_first_administrator_and_logs_nothing_of_the_link() {
    let stack = Box::pin(Stack::on_aws()).await;
    let mut function = stack.function().await;
    let made =
        run(&mut function, &["user", "create", "--admin", "grace-marker", "--email", "grace@marker.example"]).await;
    assert_eq!(made["status"], 0, "{made}");
    let link = made["stdout"].as_str().unwrap().trim();
    let (page, token) = link.split_once("?token=").expect("a link");
    assert_eq!(page, "https://app.example/#/invitation");
    assert!(made["stderr"].as_str().unwrap().contains("is invited"), "{made}");

    let listed = run(&mut function, &["user", "list"]).await;
    assert!(listed["stdout"].as_str().unwrap().contains("grace-marker"), "{listed}");
    let counted = run(&mut function, &["keys", "status"]).await;
    assert!(counted["stdout"].as_str().unwrap().contains("arn:aws:kms:"), "{counted}");
    let refused = run(&mut function, &["user", "role", "nobody-marker", "admin"]).await;
    assert_eq!(refused["status"], 1, "{refused}");
    assert!(refused["stderr"].as_str().unwrap().starts_with("error: "), "{refused}");

    let log = log_of(&function, 4).await;
    let told: Vec<_> = log.iter().map(|line| (line["command"].clone(), line["status"].clone())).collect();
    let expected = [("user create", 0), ("user list", 0), ("keys status", 0), ("user role", 1)];
    assert_eq!(told, expected.map(|(command, status)| (json!(command), json!(status))));
    assert!(log.iter().all(|line| line["duration_ms"].is_u64()), "{log:?}");
    let text = function.log();
    assert!(!text.contains("marker") && !text.contains(token) && !text.contains("invit"), "{text}");
}

#[tokio::test]
async fn it_counts_and_opens_keys_without_a_progress_bar() {
    let stack = Stack::new().await;
    let mut function = stack.function().await;
    for name in ["ada", "grace"] {
        assert_eq!(run(&mut function, &["user", "create", name]).await["status"], 0);
    }
    let status = run(&mut function, &["keys", "status"]).await;
    assert!(status["stdout"].as_str().unwrap().contains("file:"), "{status}");
    let verified = run(&mut function, &["keys", "verify"]).await;
    assert_eq!((&verified["status"], &verified["stderr"]), (&json!(0), &json!("")), "{verified}");
    let unwanted = run(&mut function, &["keys", "no-such"]).await;
    assert_eq!(unwanted["status"], 2);
    let usage = unwanted["stderr"].as_str().unwrap();
    assert!(usage.contains("Usage: ward keys") && !usage.contains('\u{1b}'), "{usage}");
}

#[tokio::test]
async fn a_command_that_hangs_is_ended_before_the_function_is() {
    // It takes connections and says nothing, as a database behind a wrong security group does not even do.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://ward@{}/ward", silent.local_addr().unwrap());
    let mut function = Function::start("ward", &[("DATABASE_URL", &url)]).await;
    let event = json!({"args": ["migrate"]});
    // Three seconds are kept for the answer.
    let (outcome, accepted) = tokio::join!(function.invoke_within(&event, Duration::from_secs(5)), silent.accept());
    let ended = answer(outcome);
    assert_eq!(ended["status"], 124, "{ended}");
    assert!(ended["stderr"].as_str().unwrap().contains("since the function's time was over"), "{ended}");
    // The command is gone: its connection ends.
    let (mut connection, _) = accepted.unwrap();
    let mut said = Vec::new();
    connection.read_to_end(&mut said).await.ok();

    // And the function goes on.
    assert_eq!(run(&mut function, &["openapi"]).await["status"], 0);
    assert_eq!(log_of(&function, 2).await[0]["status"], 124);
}

#[tokio::test]
async fn what_makes_no_sense_there_is_refused_with_what_to_do() {
    let mut function = Function::start("ward", &[]).await;
    for (arguments, said) in [
        (&["dev"][..], "developer's machine"),
        (&["secrets", "init", "--env", "prod"], "your own machine"),
        (&["token-key"], "your own machine"),
        (&["keys", "replay-tombstones", "-"], "standard input"),
    ] {
        let refused = run(&mut function, arguments).await;
        assert_eq!(refused["status"], 2, "{refused}");
        let why = refused["stderr"].as_str().unwrap();
        assert!(why.starts_with("error: ") && why.contains(said), "{why}");
    }
    for wrong in [json!({}), json!({"args": "user list"}), json!({"args": ["user"], "secret-marker": true})] {
        match function.invoke(&wrong).await {
            Outcome::Failed(error) => {
                assert!(
                    error.contains(r#""errorType":"NoArguments""#)
                        && error.contains("the event is not")
                        && !error.contains("marker"),
                    "{error}"
                );
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(!function.log().contains("marker"));
}
