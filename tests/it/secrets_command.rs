//! `ward secrets`, on the Secrets Manager of moto, at a terminal and without one.

use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use auth::tokens::KeySet;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use tests::{CONTROL_C, Dialogue, Services, at_a_terminal, binary};
use uuid::Uuid;

const REGION: &str = "us-east-1";
const KEY: &str = "sk-marker-7f4e";
const SMTP: &str = "smtps://ward:marker-7f4e@mail.example";

/// A stack of a name of its own, whose secrets have no value.
struct Stack {
    app: String,
    client: Client,
}

impl Stack {
    async fn with(secrets: &[&str]) -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(Services::get().moto())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .load()
            .await;
        let id = shared::clock::Random::default().bytes().map(Uuid::from_bytes).unwrap();
        let stack = Self { app: format!("app-{}", &id.simple().to_string()[..12]), client: Client::new(&config) };
        for name in secrets {
            stack.client.create_secret().name(stack.name(name)).send().await.unwrap();
        }
        stack
    }

    /// One with the secrets that every stack has.
    async fn usual() -> Self {
        Self::with(&["auth/token-keys", "health/metrics-token", "chat/model-key"]).await
    }

    fn name(&self, name: &str) -> String {
        format!("{}/prod/{name}", self.app)
    }

    async fn value(&self, name: &str) -> Option<String> {
        let answer = self.client.get_secret_value().secret_id(self.name(name)).send().await;
        answer.ok().and_then(|answer| answer.secret_string)
    }

    fn settings() -> HashMap<String, String> {
        let settings = [
            ("AWS_ENDPOINT_URL", Services::get().moto()),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn arguments<'a>(&'a self, command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&["secrets", command, "--env", "prod", "--app", &self.app], more].concat()
    }

    fn at_a_terminal(&self, arguments: &[&str], dialogue: &[(&str, &str)]) -> Dialogue {
        at_a_terminal(&binary("ward"), &self.arguments("init", arguments), &Self::settings(), dialogue)
    }

    /// Without a terminal, with this on the standard input.
    fn run(&self, command: &str, more: &[&str], input: &str) -> Output {
        let mut ward = Command::new(binary("ward"));
        ward.args(self.arguments(command, more)).env_clear().envs(Self::settings());
        let mut child = ward.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Whoever refuses at once does not read.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        child.wait_with_output().unwrap()
    }
}

fn all(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(text).unwrap()
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", all(output));
    assert!(!all(output).contains("marker"), "{}", all(output));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn what_is_typed_at_the_terminal_is_stored_and_never_shown() {
    let stack = Stack::usual().await;
    let smtp = stack.name("auth/smtp-url");
    stack.client.create_secret().name(&smtp).send().await.unwrap();
    let dialogue = [
        ("auth/token-keys: make and store", "y"),
        ("health/metrics-token: make and store", "y"),
        ("chat/model-key: key of the model provider (hidden", KEY),
        ("auth/smtp-url: URL of the SMTP server (hidden", "http://marker-7f4e"),
        ("auth/smtp-url: URL of the SMTP server (hidden", SMTP),
    ];
    let told = stack.at_a_terminal(&[], &dialogue);
    assert_eq!(told.status, 0, "{}", told.shown);
    assert!(!told.shown.contains("marker"), "{}", told.shown);
    assert!(told.shown.contains("this is not an encrypted connection"), "{}", told.shown);
    for expected in ["in account 123456789012, us-east-1", "no value yet", "not used by this stack", "user\", \"create"]
    {
        assert!(told.shown.contains(expected), "{expected} is missing in:\n{}", told.shown);
    }
    assert_eq!(stack.value("chat/model-key").await.as_deref(), Some(KEY));
    assert_eq!(stack.value("auth/smtp-url").await.as_deref(), Some(SMTP));
    let (keys, token) =
        (stack.value("auth/token-keys").await.unwrap(), stack.value("health/metrics-token").await.unwrap());
    assert_eq!(KeySet::parse(&keys).unwrap().keys().len(), 1);
    assert_eq!(token.len(), 64);
    assert!(!told.shown.contains(&keys) && !told.shown.contains(&token));
}

#[tokio::test]
async fn what_has_a_value_is_replaced_only_where_it_is_named_and_agreed_to() {
    let stack = Stack::usual().await;
    let given = format!("chat/model-key={KEY}\n");
    assert!(stack.run("init", &["--from-stdin"], &given).status.success());
    let keys = stack.value("auth/token-keys").await;

    let nothing = stack.at_a_terminal(&[], &[]);
    assert_eq!(nothing.status, 0, "{}", nothing.shown);
    let only = ["--only", "chat/model-key", "--replace", "chat/model-key"];
    let no = stack.at_a_terminal(&only, &[("put another in its place?", "n")]);
    assert_eq!(no.status, 0, "{}", no.shown);
    assert_eq!(stack.value("chat/model-key").await.as_deref(), Some(KEY));
    let yes = stack.at_a_terminal(&only, &[("put another in its place?", "y"), ("(hidden", "sk-second")]);
    assert_eq!(yes.status, 0, "{}", yes.shown);
    assert_eq!(stack.value("chat/model-key").await.as_deref(), Some("sk-second"));
    assert_eq!(stack.value("auth/token-keys").await, keys);
}

#[tokio::test]
async fn broken_off_it_keeps_what_was_stored_and_puts_the_terminal_in_order() {
    let stack = Stack::usual().await;
    let dialogue = [("auth/token-keys: make", "y"), ("health/metrics-token: make", "n"), ("(hidden", CONTROL_C)];
    let told = stack.at_a_terminal(&[], &dialogue);
    assert_eq!(told.status, 1, "{}", told.shown);
    assert!(told.shown.contains("broken off; what was stored by then stays"), "{}", told.shown);
    assert!(stack.value("auth/token-keys").await.is_some());
    assert!(stack.value("health/metrics-token").await.is_none());

    let shell = format!("{} secrets init --env prod --app {}; stty -a", binary("ward").display(), stack.app);
    let sh = std::path::Path::new("/bin/sh");
    let mut settings = Stack::settings();
    settings.insert("PATH".into(), "/usr/bin:/bin".into());
    // The shell goes on as though Ctrl-C were the command's alone.
    let script = format!("trap : INT; {shell}");
    let told = at_a_terminal(sh, &["-c", &script], &settings, &[("metrics-token: make", "n"), ("(hidden", CONTROL_C)]);
    let after = told.shown.rsplit("broken off").next().unwrap();
    assert!(after.contains(" echo ") && !after.contains("-echo "), "{}", told.shown);
}

#[tokio::test]
async fn without_a_terminal_values_come_by_lines_and_all_are_checked_before_any_is_stored() {
    let stack = Stack::usual().await;
    assert!(refusal(&stack.run("init", &[], "")).contains("--from-stdin"));
    for (input, said) in [
        ("chat/model-key=marker 7f".to_owned(), "line 1 of the standard input: chat/model-key: this is not"),
        (format!("chat/model-key={KEY}\nauth/marker=1"), "line 2 of the standard input"),
        (format!("chat/model-key={KEY}\nauth/twilio=marker"), "there is no secret"),
    ] {
        let refused = refusal(&stack.run("init", &["--from-stdin"], &input));
        assert!(refused.contains(said), "{refused}");
        assert!(stack.value("chat/model-key").await.is_none() && stack.value("auth/token-keys").await.is_none());
    }
    let partly = stack.run("init", &["--from-stdin", "--only", "health/metrics-token"], "");
    assert!(all(&partly).contains("Still without a value"), "{}", all(&partly));
    assert!(stack.value("auth/token-keys").await.is_none());
    let stored = stack.run("init", &["--from-stdin"], &format!("{}={KEY}\n", stack.name("chat/model-key")));
    assert!(stored.status.success() && !all(&stored).contains("marker"), "{}", all(&stored));
    assert_eq!(stack.value("chat/model-key").await.as_deref(), Some(KEY));
    assert!(stack.value("auth/token-keys").await.is_some());
    let again = refusal(&stack.run("init", &["--from-stdin"], &format!("chat/model-key={KEY}")));
    assert!(again.contains("--replace chat/model-key"), "{again}");
    let replaced = stack.run("init", &["--from-stdin", "--replace", "chat/model-key"], "chat/model-key=sk-second");
    assert!(replaced.status.success(), "{}", all(&replaced));
    assert_eq!(stack.value("chat/model-key").await.as_deref(), Some("sk-second"));
}

#[tokio::test]
async fn the_status_names_dates_and_no_values() {
    let stack = Stack::usual().await;
    let only = ["--from-stdin", "--only", "chat/model-key"];
    assert!(refusal(&stack.run("init", &only, "auth/twilio=marker")).contains("not among --only"));
    assert!(stack.run("init", &only, &format!("chat/model-key={KEY}")).status.success());
    let doomed = stack.name("auth/github");
    stack.client.create_secret().name(&doomed).secret_string("marker").send().await.unwrap();
    stack.client.delete_secret().secret_id(&doomed).send().await.unwrap();
    let status = stack.run("status", &[], "");
    assert!(status.status.success(), "{}", all(&status));
    let text = all(&status);
    let line = |name: &str| text.lines().find(|line| line.starts_with(&stack.name(name))).unwrap_or_default();
    assert!(line("chat/model-key").contains("value of 20"), "{text}");
    assert!(line("auth/token-keys").contains("no value yet"), "{text}");
    assert!(line("auth/twilio").contains("not used by this stack"), "{text}");
    assert!(line("auth/github").contains("to be deleted"), "{text}");
    assert!(!text.contains("marker"), "{text}");
}

#[tokio::test]
async fn where_no_stack_is_deployed_it_says_how() {
    let stack = Stack::with(&[]).await;
    let refused = refusal(&stack.run("init", &["--from-stdin"], ""));
    assert!(refused.contains("sam deploy --config-env prod") && refused.contains(&stack.app), "{refused}");
    let stack = Stack::usual().await;
    let refused = refusal(&stack.run("init", &["--from-stdin", "--only", "auth/github"], ""));
    assert!(refused.contains("there is no secret"), "{refused}");
    let unknown = stack.run("init", &["--only", "auth/passwords"], "");
    assert_eq!(unknown.status.code(), Some(2));
}
