//! Storing and reading with several requests under way, and with many keys in one account.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::future::try_join_all;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use shared::Platform;
use shared::clock::Random;
use shared::config::Settings;
use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};
use tower::ServiceExt;
use uuid::Uuid;

use crate::Outcome;
use crate::fixture::{Fixture, ORIGIN};
use crate::report::{Report, Row};
use crate::stats::{Samples, us};

/// Connections to the database, of the router and of the floor alike.
const CONNECTIONS: usize = 8;
const REQUESTS: usize = 1_600;
const IN_FLIGHT: [usize; 3] = [1, 8, 64];
const FEW_KEYS: usize = 100;
const MANY_KEYS: usize = 100_000;
const LISTS: usize = 300;

/// Set and get at 1, 8 and 64 in flight, then get and list at 100 and at 100,000 keys.
pub async fn measure(fixture: &Fixture, report: &mut Report) -> Outcome {
    let mut settings = fixture.settings.clone();
    settings.insert("WARD_DATABASE_POOL", CONNECTIONS.to_string());
    let platform = Platform::connect(Settings::from_lookup(&|name| settings.get(name).cloned())?).await?;
    let caller = Caller {
        router: storage::router(storage::App::new(platform)),
        cookie: fixture.cookie.clone(),
        csrf: fixture.csrf.clone(),
    };
    load(fixture, &caller, report).await?;
    growth(&caller, report).await
}

async fn load(fixture: &Fixture, caller: &Caller, report: &mut Report) -> Outcome {
    let floor = Arc::new(Floor::connect(fixture).await?);
    let mut rows = Vec::new();
    for in_flight in IN_FLIGHT {
        for (what, write) in [("set", true), ("get", false)] {
            let measured = many(in_flight, |worker, turn| {
                let caller = caller.clone();
                async move {
                    let key = format!("{worker}/{}", turn % 10);
                    if write {
                        caller.post("set", &json!({"key": key, "value": "v".repeat(254)})).await.map(drop)
                    } else {
                        caller.get(&format!("get?key={worker}%2F{}", turn % 10)).await.map(drop)
                    }
                }
            });
            let measured = measured.await?;
            let bare = many(in_flight, |worker, turn| {
                let floor = Arc::clone(&floor);
                async move { floor.run(write, worker * 10 + turn % 10).await }
            });
            let bare = bare.await?;
            let text = |samples: &Samples| format!("p50 {}, p99 {}", us(samples.p50()), us(samples.p99()));
            rows.push(Row {
                what: format!("{what}, {in_flight} in flight"),
                measured: text(&measured),
                floor: text(&bare),
                budget: None,
            });
        }
    }
    report.section(
        "Storing and reading under load",
        "1,600 requests of one user for values of 256 bytes, ten keys per request in flight, in process, over 8 database\n\
         connections. A set keeps the version before; all sets of one user come one after the other, for the limits\n\
         are exact. The floor is what PostgreSQL alone takes for less: the same pipeline (BEGIN, the row-level-security\n\
         setting, one upsert or SELECT of as many bytes in a table without triggers, the audit row, COMMIT) over as\n\
         many connections, without the cache, HTTP, sealing, versions and counters.",
        rows,
    );
    Ok(())
}

async fn growth(caller: &Caller, report: &mut Report) -> Outcome {
    caller.post("clear", &Value::Null).await?;
    caller.post("versions/forget", &json!({})).await?;
    let mut rows = Vec::new();
    let mut few: Option<[Samples; 2]> = None;
    for (from, to) in [(0, FEW_KEYS), (FEW_KEYS, MANY_KEYS)] {
        for start in (from..to).step_by(100) {
            let items: Vec<Value> = (start..start + 100).map(|n| json!({"key": format!("k{n}"), "value": n})).collect();
            caller.post("batch/set", &json!({"items": items})).await?;
        }
        let (mut gets, mut lists) = (Vec::new(), Vec::new());
        for turn in 0..LISTS {
            gets.push(timed(caller.get(&format!("get?key=k{}", turn * 7 % to))).await?);
            lists.push(timed(caller.get("keys?limit=100")).await?);
        }
        let measured = [Samples::new(gets), Samples::new(lists)];
        for (at, what) in ["get", "a page of 100 keys"].iter().enumerate() {
            let floor = few.as_ref().map_or_else(|| "–".to_owned(), |few| format!("p50 {}", us(few[at].p50())));
            rows.push(Row {
                what: format!("{what}, {to} keys"),
                measured: format!("p50 {}, p99 {}", us(measured[at].p50()), us(measured[at].p99())),
                floor,
                budget: few.as_ref().map(|few| {
                    ("at most twice the time at 100 keys".to_owned(), measured[at].p50() < 2 * few[at].p50())
                }),
            });
        }
        few = Some(measured);
    }
    report.section(
        "Many keys in one account",
        "300 requests each, one after the other, in process. The floor is the same request at 100 keys.",
        rows,
    );
    caller.post("clear", &Value::Null).await?;
    caller.post("versions/forget", &json!({})).await?;
    Ok(())
}

/// Runs `request` so many times, so many at once; gives how long each took.
async fn many<F: Future<Output = Outcome>>(in_flight: usize, request: impl Fn(usize, usize) -> F) -> Outcome<Samples> {
    let workers = (0..in_flight).map(|worker| {
        let request = &request;
        async move {
            let mut samples = Vec::new();
            for turn in 0..REQUESTS / in_flight {
                let start = Instant::now();
                request(worker, turn).await?;
                samples.push(start.elapsed());
            }
            Ok::<_, Box<dyn std::error::Error>>(samples)
        }
    });
    Ok(Samples::new(try_join_all(workers).await?.concat()))
}

async fn timed<T>(request: impl Future<Output = Outcome<T>>) -> Outcome<Duration> {
    let start = Instant::now();
    request.await?;
    Ok(start.elapsed())
}

/// The router and the signed-in user's session.
#[derive(Clone)]
pub struct Caller {
    /// The function.
    pub router: Router,
    /// The session's cookie.
    pub cookie: String,
    /// Its CSRF token.
    pub csrf: String,
}

impl Caller {
    /// The answer to a GET below `/api/storage`, which is a 200.
    pub async fn get(&self, path: &str) -> Outcome<Vec<u8>> {
        let request = Request::get(format!("/api/storage/{path}")).header("host", "localhost");
        self.call(request.header("cookie", &self.cookie).body(Body::empty())?).await
    }

    /// The same of a POST.
    pub async fn post(&self, path: &str, body: &Value) -> Outcome<Vec<u8>> {
        let request = Request::post(format!("/api/storage/{path}"))
            .header("host", "localhost")
            .header("origin", ORIGIN)
            .header("cookie", &self.cookie)
            .header("x-csrf-token", &self.csrf)
            .header("content-type", "application/json");
        self.call(request.body(Body::from(body.to_string()))?).await
    }

    async fn call(&self, request: Request<Body>) -> Outcome<Vec<u8>> {
        let response = self.router.clone().oneshot(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status == StatusCode::OK {
            return Ok(body.into());
        }
        Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into())
    }
}

/// Bare connections, each for one request at a time.
struct Floor {
    connections: Vec<Mutex<(Client, [Statement; 6])>>,
    user: Uuid,
    random: Random,
}

impl Floor {
    async fn connect(fixture: &Fixture) -> Outcome<Self> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let (client, connection) = tokio_postgres::connect(&fixture.cluster.url("bench"), NoTls).await?;
            tokio::spawn(connection);
            client
                .batch_execute("CREATE TABLE IF NOT EXISTS bench_floor (key bigint PRIMARY KEY, data bytea NOT NULL)")
                .await?;
            let statements = [
                client.prepare("BEGIN").await?,
                client.prepare("SELECT set_config('ward.user_id', $1, true)").await?,
                client
                    .prepare(
                        "INSERT INTO bench_floor (key, data) VALUES ($1, $2)
                         ON CONFLICT (key) DO UPDATE SET data = excluded.data",
                    )
                    .await?,
                client.prepare("SELECT data FROM bench_floor WHERE key = $1").await?,
                client
                    .prepare(
                        "INSERT INTO audit_log (id, user_id, actor_id, action, resource_type, request_id, created_at)
                         VALUES ($1, $2, $2, 'bench', 'bench', $1, now())",
                    )
                    .await?,
                client.prepare("COMMIT").await?,
            ];
            connections.push(Mutex::new((client, statements)));
        }
        Ok(Self { connections, user: fixture.user, random: Random::default() })
    }

    async fn run(&self, write: bool, key: usize) -> Outcome {
        let connection = self.connections[key / 10 % CONNECTIONS].lock().await;
        let (client, [begin, set_user, upsert, select, audit, commit]) = &*connection;
        let (user, id, key) = (self.user.to_string(), Uuid::from_bytes(self.random.bytes()?), i64::try_from(key)?);
        let data = [7_u8; 344];
        let (set_params, audit_params): ([&(dyn ToSql + Sync); 1], [&(dyn ToSql + Sync); 2]) =
            ([&user], [&id, &self.user]);
        let bytes = &data[..];
        let (write_params, read_params): ([&(dyn ToSql + Sync); 2], [&(dyn ToSql + Sync); 1]) =
            ([&key, &bytes], [&key]);
        let (statement, params): (_, &[&(dyn ToSql + Sync)]) =
            if write { (upsert, &write_params) } else { (select, &read_params) };
        let (opened, set, rows, audited, committed) = tokio::join!(biased;
            client.execute(begin, &[]),
            client.query(set_user, &set_params),
            client.query(statement, params),
            client.execute(audit, &audit_params),
            client.execute(commit, &[]),
        );
        opened?;
        set?;
        rows?;
        audited?;
        committed?;
        Ok(())
    }
}
