//! `ward user`, as a process of its own beside the product.

use std::collections::HashMap;
use std::process::{Command, Output, Stdio};

use serde_json::json;
use shared::clock::Clock;
use tests::{Browser, Services, TestApp, binary};

/// The command with the settings of the application and nothing else of this machine's.
fn ward(settings: &HashMap<String, String>, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary("ward"));
    command.arg("user").args(arguments).env_clear().envs(settings).stdin(Stdio::null());
    command.output().expect("it runs")
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a refused command says.
fn refusal(app: &TestApp, arguments: &[&str]) -> String {
    let output = ward(app.settings(), arguments);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    stderr(&output)
}

/// The product on Redis, at the time the command's process has.
async fn app() -> TestApp {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    let app = TestApp::with(&[("REDIS_URL", &redis)]).await;
    catch_up(&app);
    app
}

/// Sets the product's clock a little after the one the commands had.
fn catch_up(app: &TestApp) {
    app.clock.advance(Clock::system().now().duration_since(app.clock.now()).as_secs() + 1);
}

/// Follows a link with a new passkey, and signs in.
async fn follow(app: &TestApp, link: &str, page: &str) -> Browser {
    let (before, token) = link.trim().split_once("?token=").expect("a link");
    assert_eq!(before, format!("http://localhost:9000/#/{page}"));
    let mut browser = app.browser();
    let options = browser.post("/api/auth/recovery/options", json!({"token": token})).await;
    assert_eq!(options.status, 200, "{}", options.text());
    let credential = browser.authenticator.create(&options.json());
    let done = browser.post("/api/auth/recovery/complete", json!({"token": token, "credential": credential})).await;
    assert_eq!(done.status, 204, "{}", done.text());
    assert_eq!(browser.sign_in().await.status, 200);
    browser
}

#[tokio::test]
async fn a_new_database_has_no_account() {
    let app = TestApp::new().await;
    let users = app.superuser().await.query_one("SELECT count(*) FROM users", &[]).await.unwrap();
    assert_eq!(users.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn it_makes_the_first_administrator() {
    let app = app().await;
    let arguments = ["create", "--admin", "Ada", "--display-name", "Ada Lovelace", "--email", "ada@example.org"];
    let made = ward(app.settings(), &arguments);
    assert!(stderr(&made).contains("Open this link in a browser"), "{}", stderr(&made));
    let mut ada = follow(&app, &stdout(&made), "invitation").await;
    let users = ada.get("/api/users").await;
    assert_eq!(users.status, 200, "{}", users.text());
    let user = &users.json()["users"][0];
    assert_eq!((&user["username"], &user["display_name"]), (&json!("Ada"), &json!("Ada Lovelace")));
    assert_eq!((&user["role"], &user["status"]), (&json!("admin"), &json!("active")));
    let details = ada.get(&format!("/api/users/{}", user["id"].as_str().unwrap())).await.json();
    assert_eq!(details["contacts"], json!([{"kind": "email", "verified": false}]));
    assert!(app.outbox().is_empty(), "the link is for the terminal alone");

    let taken = refusal(&app, &["create", "aDA"]);
    assert_eq!(
        taken,
        "error: This username is taken. `ward user role` gives its user another role, `ward user link` leads into the account.\n"
    );
    assert!(refusal(&app, &["create", "a\u{200b}da"]).contains("visible characters"));
    assert!(refusal(&app, &["create", "eve", "--email", "eve"]).contains("not an email address"));
}

#[tokio::test]
async fn a_link_of_the_command_holds_for_an_hour() {
    let app = app().await;
    let link = stdout(&ward(app.settings(), &["create", "ada"]));
    catch_up(&app);
    app.clock.advance(3_600);
    let token = link.trim().split_once("?token=").unwrap().1;
    let options = app.browser().post("/api/auth/recovery/options", json!({"token": token})).await;
    assert_eq!(options.code(), "link_invalid");
}

#[tokio::test]
async fn a_new_link_leads_in_again_and_ends_what_was() {
    let app = app().await;
    let first = stdout(&ward(app.settings(), &["create", "ada"]));
    let second = stdout(&ward(app.settings(), &["link", "ada"]));
    catch_up(&app);
    let first = first.trim().split_once("?token=").unwrap().1;
    let options = app.browser().post("/api/auth/recovery/options", json!({"token": first})).await;
    assert_eq!(options.code(), "link_invalid", "the newer one takes its place");
    let mut ada = follow(&app, &second, "invitation").await;

    let recovery = ward(app.settings(), &["link", "ADA"]);
    assert!(stderr(&recovery).contains("recover"), "{}", stderr(&recovery));
    let mut again = follow(&app, &stdout(&recovery), "recover").await;
    assert_eq!(ada.get("/api/auth/me").await.status, 401);
    assert_eq!(again.get("/api/auth/me").await.status, 200);
}

#[tokio::test]
async fn what_it_changes_is_seen_by_the_next_request() {
    let app = app().await;
    let mut ada = app.administrator("ada").await;
    let mut grace = app.signed_in("grace").await;
    for browser in [&mut ada, &mut grace] {
        assert_eq!(browser.get("/api/usage").await.status, 200, "cached now");
    }
    let last = refusal(&app, &["disable", "ada"]);
    assert!(last.contains("last active administrator") && last.contains("another user"), "{last}");
    assert!(refusal(&app, &["role", "ada", "user"]).contains("last active administrator"));

    let changed = stdout(&ward(app.settings(), &["role", "grace", "admin"]));
    assert_eq!(changed, "grace: role admin, status active\n");
    assert_eq!(grace.get("/api/users").await.status, 200);
    assert_eq!(stdout(&ward(app.settings(), &["disable", "ada"])), "ada: role admin, status disabled\n");
    assert_eq!(ada.get("/api/usage").await.status, 401);
    assert!(refusal(&app, &["link", "ada"]).contains("Enable it first"));
    assert_eq!(stdout(&ward(app.settings(), &["enable", "ada"])), "ada: role admin, status active\n");
    assert_eq!(ada.sign_in().await.status, 200);
    let unknown = refusal(&app, &["disable", "nobody"]);
    assert!(unknown.contains("no user of that name") && unknown.contains("ward user list"), "{unknown}");

    // Without a shared cache it says that a running server hears of it later.
    let mut alone = app.settings().clone();
    alone.remove("REDIS_URL");
    assert!(stderr(&ward(&alone, &["role", "grace", "admin"])).contains("within a minute"));
}

#[tokio::test]
async fn it_shows_who_there_is() {
    let app = app().await;
    assert!(stderr(&ward(app.settings(), &["list"])).contains("ward user create --admin"));
    app.administrator("ada").await;
    ward(app.settings(), &["create", "grace", "--display-name", "Grace Hopper", "--role", "auditor"]);
    for number in 0..51 {
        // Past the first page.
        let settings = app.superuser().await;
        let sql = "INSERT INTO users (id, username_index, profile, role, status, created_at, updated_at)
                   SELECT ('ffffffff-0000-7000-8000-' || lpad($1::text, 12, '0'))::uuid, $2, '', 'teaching', 'disabled', now(), now()";
        settings.execute(sql, &[&number.to_string(), &format!("{number}").into_bytes()]).await.unwrap();
    }
    let shown = stdout(&ward(app.settings(), &["list", "--status", "active"]));
    let lines: Vec<_> = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0], ["id", "role", "status", "username", "display", "name"]);
    assert_eq!(lines[1][1..], ["admin", "active", "ada", "Display", "ada"]);
    assert_eq!(lines.len(), 2);
    let shown = stdout(&ward(app.settings(), &["list", "--role", "auditor"]));
    assert!(shown.contains("auditor  invited  grace     Grace Hopper"), "{shown}");
    // A profile that doesn't open is an error, and not a user who is left out.
    assert!(refusal(&app, &["list"]).starts_with("error: "));
}

#[tokio::test]
async fn only_the_tables_owner_lists_everybody() {
    let app = app().await;
    app.administrator("ada").await;
    let login = format!("login_{}", app.platform.settings.app);
    let database = app.superuser().await;
    database.batch_execute(&format!("CREATE ROLE {login} LOGIN; GRANT ward_app TO {login}")).await.unwrap();
    let mut settings = app.settings().clone();
    let url = settings["DATABASE_URL"].replacen("//ward@", &format!("//{login}@"), 1);
    assert_ne!(url, settings["DATABASE_URL"]);
    settings.insert("DATABASE_URL".into(), url);

    let refused = ward(&settings, &["list"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("ward migrate"), "{}", stderr(&refused));
    // What needs no list it does, bound by row-level security like the functions.
    assert_eq!(stdout(&ward(&settings, &["role", "ada", "admin"])), "ada: role admin, status active\n");
    assert!(stdout(&ward(&settings, &["create", "grace"])).contains("/#/invitation?token="));
    database.batch_execute(&format!("REVOKE ward_app FROM {login}; DROP ROLE {login}")).await.unwrap();
}

#[tokio::test]
async fn everything_it_does_is_audited_as_the_operators() {
    let app = app().await;
    app.administrator("ada").await;
    for arguments in
        [&["create", "grace"][..], &["link", "grace"], &["role", "grace", "auditor"], &["disable", "grace"], &["list"]]
    {
        stdout(&ward(app.settings(), arguments));
    }
    let sql = "SELECT action, user_id <> actor_id, session_id IS NULL AND address IS NULL FROM audit_log
               WHERE actor_id = '00000000-0000-0000-0000-000000000000' ORDER BY created_at, action";
    let rows = app.superuser().await.query(sql, &[]).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(actions, ["user.invite", "user.link", "user.change", "user.change", "user.list", "user.list"]);
    assert!(rows.iter().all(|row| row.get::<_, bool>(1) && row.get::<_, bool>(2)));
}

#[tokio::test]
async fn it_says_what_is_wrong_with_its_settings_and_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::new().await;
    let nothing = HashMap::new();
    let missing = ward(&nothing, &["list"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("DATABASE_URL"), "{}", stderr(&missing));

    // A file of settings stands in for the environment.
    let file = folder.path().join("env");
    let lines: Vec<_> = app.settings().iter().map(|(name, value)| format!("{name}='{value}'\n")).collect();
    std::fs::write(&file, lines.concat()).unwrap();
    let file = file.to_str().unwrap();
    assert!(stdout(&ward(&nothing, &["create", "ada", "--env-file", file])).contains("token="));
    std::fs::write(file, "WARD_APP='a'\nsecret\n").unwrap();
    let malformed = stderr(&ward(&nothing, &["--env-file", file, "list"]));
    assert!(malformed.contains("line 2 of") && !malformed.contains("secret"), "{malformed}");
    assert!(stderr(&ward(&nothing, &["--env-file", "/nonexistent", "list"])).contains("can't be read"));

    // A database without the schema.
    let empty = Services::get().empty_database().await;
    let mut settings = app.settings().clone();
    settings.insert("DATABASE_URL".into(), Services::get().database_url(&empty));
    let old = ward(&settings, &["list"]);
    assert!(stderr(&old).contains("ward migrate"), "{}", stderr(&old));

    for arguments in [
        &[][..],
        &["role", "ada"],
        &["role", "ada", "root"],
        &["create", "--admin", "--role", "user", "ada"],
        &["remove", "ada"],
    ] {
        assert_eq!(ward(app.settings(), arguments).status.code(), Some(2), "{arguments:?}");
    }
    let help = stdout(&ward(&nothing, &["--help"]));
    for taught in ["ward user create --admin", "DATABASE_URL", "KMS_KEY_ID", "exits with 0", "audit log"] {
        assert!(help.contains(taught), "{taught} is missing in:\n{help}");
    }
}
