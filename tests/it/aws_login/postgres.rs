//! PostgreSQL asks another server about each password, which checks the token's signature, place, user and time.

use secrecy::SecretString;
use shared::config::{DatabaseAuth, DatabaseSettings};
use shared::data::{Db, DbError, IamTokens, Statements};
use tests::iam::{AccessKey, Authority, IamPostgres};
use tests::{Proxy, Services, Target, TestClock};
use tokio_postgres::Row;

const NOW: &str = "2026-03-14T15:09:26Z";
const SIXTEEN_MINUTES: i64 = 16 * 60;

/// The settings for a URL, with the tests' own root.
fn settings(url: impl Into<SecretString>) -> DatabaseSettings {
    DatabaseSettings { url: url.into(), auth: DatabaseAuth::Iam, ca_file: Some(Authority::get().roots()) }
}

/// A server, a database and a login of the test's own.
struct Place {
    server: &'static IamPostgres,
    database: String,
    login: String,
}

impl Place {
    async fn new() -> Self {
        let server = Services::get().iam_postgres();
        Self { server, database: server.database().await, login: server.login("ward_app").await }
    }

    fn settings(&self) -> DatabaseSettings {
        settings(self.server.url(Some(&self.login), &self.database))
    }

    /// Under another name of the server's, in the key=value form.
    fn settings_by_name(&self, name: &str) -> DatabaseSettings {
        let (port, Self { database, login, .. }) = (self.server.port(), self);
        settings(format!(
            "host={name} hostaddr=127.0.0.1 port={port} user={login} dbname={database} sslmode=verify-full"
        ))
    }
}

fn db(settings: &DatabaseSettings, key: &AccessKey, clock: &TestClock) -> Db {
    Db::new(settings, 1, &IamTokens::with(key.config(), clock.clock())).unwrap()
}

async fn who(db: &Db) -> Result<Row, DbError> {
    let sql = "SELECT session_user::text, current_user::text, pg_backend_pid(), current_setting('statement_timeout'),
               current_setting('TimeZone')";
    Ok(db.unscoped().query(sql, &[]).await?.remove(0))
}

async fn is_refused(db: &Db) -> bool {
    matches!(who(db).await, Err(DbError::Unavailable("connecting")))
}

#[tokio::test]
async fn a_token_signs_in_over_verified_tls_and_the_session_is_the_usual_one() {
    let (place, clock) = (Place::new().await, TestClock::at(NOW));
    let key = AccessKey::new(clock.clock());
    for settings in [place.settings(), place.settings_by_name(IamPostgres::NAME)] {
        let db = db(&settings, &key, &clock);
        let row = who(&db).await.unwrap();
        assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), (place.login.as_str(), "ward_app"));
        assert_eq!((row.get::<_, &str>(3), row.get::<_, &str>(4)), ("10s", "UTC"));
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = $1";
        let tls = place.server.superuser("postgres").await.query_one(sql, &[&row.get::<_, i32>(2)]).await.unwrap();
        assert!(tls.get::<_, bool>(0));
    }
    let judged = key.judged();
    assert_eq!((judged.accepted.len(), judged.refused.len()), (2, 0), "{judged:?}");
    assert!(judged.accepted[0].starts_with(&format!("localhost:{}/?Action=connect&DBUser=", place.server.port())));
    assert!(judged.accepted[1].starts_with(IamPostgres::NAME));
}

#[tokio::test]
async fn each_connection_has_a_token_of_its_own_moment() {
    let (place, clock) = (Place::new().await, TestClock::at(NOW));
    let key = AccessKey::new(clock.clock());
    let db = db(&place.settings(), &key, &clock);
    let pid: i32 = who(&db).await.unwrap().get(2);
    clock.advance(SIXTEEN_MINUTES);
    assert_eq!(who(&db).await.unwrap().get::<_, i32>(2), pid, "a connection outlives its token");
    assert_eq!(key.judged().accepted.len(), 1);

    let sql = "SELECT pg_terminate_backend($1, 10000)";
    place.server.superuser("postgres").await.query(sql, &[&pid]).await.unwrap();
    // Whoever has the dead connection in hand may hear of it; the one after has a new one.
    let pid_then: i32 = match who(&db).await {
        Ok(row) => row.get(2),
        Err(_) => who(&db).await.unwrap().get(2),
    };
    assert_ne!(pid_then, pid);
    let judged = key.judged();
    assert!(judged.accepted[1].contains("X-Amz-Date=20260314T152526Z"), "{judged:?}");
}

#[tokio::test]
async fn an_expired_token_is_refused_and_a_later_one_is_not() {
    let (place, clock, behind) = (Place::new().await, TestClock::at(NOW), TestClock::at("2026-03-14T14:54:26Z"));
    let key = AccessKey::new(clock.clock());
    let db = db(&place.settings(), &key, &behind);
    assert!(is_refused(&db).await);
    assert_eq!(key.judged().refused, ["expired"]);
    behind.advance(1);
    who(&db).await.unwrap();
}

#[tokio::test]
async fn a_token_is_of_no_use_to_another_user_or_at_another_place() {
    let (place, clock) = (Place::new().await, TestClock::at(NOW));
    let key = AccessKey::new(clock.clock());
    who(&db(&place.settings(), &key, &clock)).await.unwrap();
    let token = key.judged().accepted.remove(0);
    let other = place.server.login("ward_app").await;
    let with_password = |login: &str, password: &str| {
        let url = place.server.url(None, &place.database).replacen("localhost", "127.0.0.1", 1);
        let mut url = url::Url::parse(&url).unwrap();
        url.set_username(login).unwrap();
        url.set_password(Some(&password.replace('%', "%25"))).unwrap();
        let settings = DatabaseSettings { auth: DatabaseAuth::Password, ..settings(url.to_string()) };
        Db::new(&settings, 1, &IamTokens::with(key.config(), clock.clock())).unwrap()
    };
    // The same words are taken from the user they are for, whatever they came by.
    who(&with_password(&place.login, &token)).await.unwrap();
    assert!(is_refused(&with_password(&other, &token)).await);
    let changed = token.replacen("localhost", "127.0.0.1", 1);
    assert!(is_refused(&with_password(&place.login, &changed)).await);
    // What is dialled is what the token names.
    let line = Proxy::before(Target::Port(place.server.port())).await;
    let url = place.server.url(Some(&place.login), &place.database);
    let elsewhere = url.replacen(&place.server.port().to_string(), &line.port.to_string(), 1);
    assert!(is_refused(&db(&settings(elsewhere), &key, &clock)).await);
    assert_eq!(key.judged().refused, ["another user", "a wrong signature", "another place"]);
}

#[tokio::test]
async fn a_foreign_key_signs_nobody_in() {
    let (place, clock) = (Place::new().await, TestClock::at(NOW));
    let (key, other) = (AccessKey::new(clock.clock()), AccessKey::new(clock.clock()));
    let forged = key.signing_as(&other);
    assert!(is_refused(&db(&place.settings(), &forged, &clock)).await);
    assert_eq!(other.judged().refused, ["a wrong signature"]);
    assert!(key.judged().accepted.is_empty());
}

#[tokio::test]
async fn no_token_leaves_for_a_server_that_does_not_prove_itself() {
    let (place, clock) = (Place::new().await, TestClock::at(NOW));
    let key = AccessKey::new(clock.clock());
    let without_root = DatabaseSettings { ca_file: None, ..place.settings() };
    assert!(is_refused(&db(&without_root, &key, &clock)).await, "an authority nobody knows");
    assert!(is_refused(&db(&place.settings_by_name("other.ward.test"), &key, &clock)).await, "another name");
    let judged = key.judged();
    assert!(judged.accepted.is_empty() && judged.refused.is_empty(), "{judged:?}");
}

#[tokio::test]
async fn without_credentials_the_database_is_unavailable() {
    let (place, clock) = (Place::new().await, TestClock::at(NOW));
    let nobody = aws_config::SdkConfig::builder().build();
    let db = Db::new(&place.settings(), 1, &IamTokens::with(nobody, clock.clock())).unwrap();
    assert!(is_refused(&db).await);
}

#[test]
fn a_file_of_roots_that_is_none_is_told_by_its_setting() {
    let settings = DatabaseSettings {
        ca_file: Some("/nowhere/roots.pem".into()),
        ..settings("postgres://u@localhost/d".to_owned())
    };
    let error = Db::new(&settings, 1, &IamTokens::new(TestClock::at(NOW).clock())).err().unwrap();
    assert!(error.to_string().contains("WARD_CA_FILE"), "{error}");
}
