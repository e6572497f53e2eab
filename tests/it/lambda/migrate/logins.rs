//! The logins a deployment makes, by a user like RDS's master user: it owns the database and is no superuser.

use serde_json::{Value, json};
use tests::{Browser, own};
use tokio_postgres::{Client, NoTls};
use ward::postgres::Cluster;

use super::report;
use crate::lambda::emulator::Outcome;
use crate::lambda::function::Function;
use crate::lambda::settings::Settings;
use crate::lambda::{gateway, journey};

const LOGINS: &str = "ward_auth:ward_app, ward_maintenance_login:ward_maintenance";

/// Roles belong to a whole cluster: each test has one of its own, with a database of `owner`'s.
struct Server(Cluster);

impl Server {
    async fn start() -> Self {
        let cluster = tokio::task::spawn_blocking(Cluster::temporary).await.expect("no panic").expect("a cluster");
        cluster.create_database("app", None).await.expect("a database");
        own(&cluster.url("app"), "owner", "app").await;
        Self(cluster)
    }

    fn url(&self, login: &str) -> String {
        self.0.url_as(login, "app")
    }

    async fn superuser(&self, sql: &str) -> Client {
        let client = connect(&self.0.url("app")).await.expect("the superuser signs in");
        client.batch_execute(sql).await.expect("the superuser may");
        client
    }

    async fn migrate(&self, logins: &str) -> Outcome {
        let settings = [("DATABASE_URL", self.url("owner")), ("DATABASE_LOGINS", logins.to_owned())];
        let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
        Function::start("migrate", &settings).await.invoke(&json!({})).await
    }

    async fn migrated(&self, logins: &str) -> Value {
        report(self.migrate(logins).await)["logins"].take()
    }

    async fn refused(&self, logins: &str, because: &str) {
        match self.migrate(logins).await {
            Outcome::Failed(error) => assert!(error.contains(because), "{error}"),
            other => panic!("{logins}: {other:?}"),
        }
    }

    /// The roles a login is a member of.
    async fn roles(&self, login: &str) -> Vec<String> {
        let roles = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = $1::text::regrole ORDER BY 1";
        let rows = self.superuser("").await.query(roles, &[&login]).await.expect("roles");
        rows.iter().map(|row| row.get(0)).collect()
    }
}

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn logins(auth: &str, auth_signs_in: &str, maintenance_signs_in: &str) -> Value {
    json!([
        { "login": "ward_auth", "role": auth, "sign_in": auth_signs_in },
        { "login": "ward_maintenance_login", "role": "ward_maintenance", "sign_in": maintenance_signs_in },
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_works_as_its_role_without_asking() {
    let server = Server::start().await;
    assert_eq!(server.migrated(LOGINS).await, logins("ward_app", "no_password", "no_password"));
    for (login, role) in [("ward_auth", "ward_app"), ("ward_maintenance_login", "ward_maintenance")] {
        let client = connect(&server.url(login)).await.expect("it signs in");
        let shown = "SELECT current_user::text, current_setting('statement_timeout'), current_setting('TimeZone')";
        let row = client.query_one(shown, &[]).await.expect("settings");
        assert_eq!([0, 1, 2].map(|at| row.get::<_, String>(at)), [role, "10s", "UTC"].map(str::to_owned));
        client.batch_execute("RESET ROLE; SET ROLE NONE").await.expect("it may be itself");
        let denied = client.query("SELECT id FROM public.users", &[]).await.expect_err("as itself it may nothing");
        assert_eq!(denied.code().expect("a code").code(), "42501");
    }
    let client = connect(&server.url("ward_auth")).await.expect("it signs in");
    assert!(client.batch_execute("SET ROLE ward_maintenance").await.is_err(), "another's role");
    assert!(client.batch_execute("SET ROLE owner").await.is_err(), "the owner");
    // The operator has the owner's login, and works as both.
    let owner = connect(&server.url("owner")).await.expect("it signs in");
    owner.batch_execute("SET ROLE ward_app; SET ROLE ward_maintenance").await.expect("it may");
}

#[tokio::test(flavor = "multi_thread")]
async fn done_again_only_what_is_another_changes() {
    let server = Server::start().await;
    server.migrated(LOGINS).await;
    let unchanged = logins("ward_app", "unchanged", "unchanged");
    assert_eq!(server.migrated(LOGINS).await, unchanged);

    server
        .superuser(
            "CREATE ROLE payroll; GRANT payroll, ward_maintenance TO ward_auth; GRANT ward_app TO ward_auth WITH ADMIN OPTION;
             ALTER ROLE ward_auth INHERIT; ALTER ROLE ward_auth SET statement_timeout = 0;
             ALTER ROLE ward_auth SET search_path = elsewhere; ALTER ROLE ward_auth IN DATABASE app SET role = payroll",
        )
        .await;
    assert_eq!(server.migrated(LOGINS).await, unchanged);
    assert_eq!(server.roles("ward_auth").await, ["ward_app"]);
    let client = connect(&server.url("ward_auth")).await.expect("it signs in");
    let shown = "SELECT current_user::text, current_setting('statement_timeout'), current_setting('search_path'),
            (SELECT rolinherit OR EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid AND admin_option)
             FROM pg_roles WHERE rolname = 'ward_auth')";
    let row = client.query_one(shown, &[]).await.expect("settings");
    assert_eq!([0, 1, 2].map(|at| row.get::<_, &str>(at)), ["ward_app", "10s", "\"$user\", public"]);
    assert!(!row.get::<_, bool>(3), "it inherits nothing and gives nothing on");

    server.migrated("ward_auth:ward_maintenance").await;
    assert_eq!(server.roles("ward_auth").await, ["ward_maintenance"]);
    assert_eq!(server.roles("ward_maintenance_login").await, ["ward_maintenance"], "who is not listed stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_more_is_no_login_of_a_function() {
    let server = Server::start().await;
    server
        .superuser(
            "CREATE ROLE maker LOGIN CREATEROLE; CREATE ROLE seer LOGIN BYPASSRLS; CREATE ROLE keeper LOGIN;
             CREATE TABLE kept (); ALTER TABLE kept OWNER TO keeper",
        )
        .await;
    for login in ["ward", "owner", "maker", "seer", "keeper"] {
        let list = format!("fresh:ward_app,{login}:ward_app");
        server.refused(&list, &format!("{login} is no login for a function")).await;
    }
    assert!(connect(&server.url("fresh")).await.is_err(), "all of them are made, or none");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_rds_a_login_signs_in_by_iam_only() {
    let server = Server::start().await;
    server.superuser("CREATE ROLE rds_iam").await;
    for _again in 0..2 {
        assert_eq!(server.migrated(LOGINS).await, logins("ward_app", "iam", "iam"));
        assert_eq!(server.roles("ward_auth").await, ["rds_iam", "ward_app"]);
    }
}

/// From PostgreSQL 16 on whoever makes a login is a member of it, and on RDS a member of `rds_iam` has no password.
#[tokio::test(flavor = "multi_thread")]
async fn the_migrating_user_does_not_lock_itself_out() {
    let server = Server::start().await;
    let superuser =
        server.superuser("CREATE ROLE rds_iam; CREATE ROLE ward_auth LOGIN; GRANT ward_auth TO owner").await;
    let rules = superuser.query_one("SHOW hba_file", &[]).await.expect("a file").get::<_, String>(0);
    std::fs::write(&rules, "local all +rds_iam reject\nlocal all all trust\n").expect("written");
    superuser.batch_execute("SELECT pg_reload_conf()").await.expect("read again");
    // A connection that comes after this one has been refused reads the new rules.
    superuser.batch_execute("CREATE ROLE probe LOGIN; GRANT rds_iam TO probe").await.expect("a login");
    while connect(&server.url("probe")).await.is_ok() {}

    server.refused("other:ward_app,ward_auth:ward_app", "could not sign in any more").await;
    assert_eq!(server.roles("ward_auth").await, ["ward_app"]);
    assert_eq!(server.roles("other").await, ["ward_app"]);
    connect(&server.url("owner")).await.expect("it signs in as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_path_works_for_a_login_on_tables_of_no_superuser() {
    let server = Server::start().await;
    server.migrated("ward_functions:ward_app").await;
    let settings = Settings::new().await.with("DATABASE_URL", server.url("ward_functions"));
    let mut browser = Browser::new(gateway::start(&settings).await);
    journey::walk(&mut browser).await;
}
