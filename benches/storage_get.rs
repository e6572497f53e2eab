//! `GET /api/storage/get` against the two round trips it can't do without.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use redis::aio::MultiplexedConnection;
use serde_json::json;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};
use tower::ServiceExt;

use crate::Outcome;
use crate::fixture::{Fixture, ORIGIN};
use crate::http::Server;
use crate::report::{Report, Row};
use crate::stats::{Samples, us};

const REQUESTS: usize = 2_000;
const WARM_UP: usize = 200;

/// Takes each figure once per turn, so that a busy moment of the machine meets all of them.
pub async fn measure(fixture: &Fixture, report: &mut Report) -> Outcome {
    let router = storage::router(storage::App::new(fixture.platform.clone()));
    store(&router, fixture).await?;
    let server = Server::start(router.clone()).await?;
    let mut connection = server.connect().await?;
    let mut floor = Floor::connect(fixture).await?;
    let mut samples: [Vec<Duration>; 3] = Default::default();
    let request = get_request(fixture);
    for turn in 0..WARM_UP + REQUESTS {
        let start = Instant::now();
        floor.run().await?;
        let bare = start.elapsed();
        let start = Instant::now();
        call(&router, request(), StatusCode::OK).await?;
        let in_process = start.elapsed();
        let start = Instant::now();
        connection.get("/api/storage/get?key=bench", &fixture.cookie).await?;
        let over_http = start.elapsed();
        if turn >= WARM_UP {
            for (samples, taken) in samples.iter_mut().zip([bare, in_process, over_http]) {
                samples.push(taken);
            }
        }
    }
    let [bare, in_process, over_http] = samples.map(Samples::new);
    let row = |what: &str, measured: &Samples| Row {
        what: what.to_owned(),
        measured: format!("p50 {}, p99 {}", us(measured.p50()), us(measured.p99())),
        floor: format!("p50 {}, p99 {}", us(bare.p50()), us(bare.p99())),
        budget: None,
    };
    report.section(
        "GET /api/storage/get",
        "2,000 warm requests of one user for a value of 256 bytes, one after the other. The floor is a bare\n\
         Redis GET, then the same five statements (BEGIN, the row-level-security setting, the SELECT, the audit row,\n\
         COMMIT) sent together, on a connection of their own to each of the same servers.",
        vec![row("the router, in process", &in_process), row("the router behind HTTP on loopback", &over_http)],
    );
    Ok(())
}

fn get_request(fixture: &Fixture) -> impl Fn() -> axum::http::Result<Request<Body>> {
    move || {
        Request::get("/api/storage/get?key=bench")
            .header("host", "localhost")
            .header("cookie", &fixture.cookie)
            .body(Body::empty())
    }
}

async fn store(router: &Router, fixture: &Fixture) -> Outcome {
    let body = json!({ "key": "bench", "value": "v".repeat(254) }).to_string();
    let request = Request::post("/api/storage/set")
        .header("host", "localhost")
        .header("origin", ORIGIN)
        .header("cookie", &fixture.cookie)
        .header("x-csrf-token", &fixture.csrf)
        .header("content-type", "application/json")
        .body(Body::from(body));
    call(router, request, StatusCode::OK).await
}

async fn call(router: &Router, request: axum::http::Result<Request<Body>>, expected: StatusCode) -> Outcome {
    let response = router.clone().oneshot(request?).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if status == expected { Ok(()) } else { Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into()) }
}

/// A connection to each server, and the statements prepared on it.
struct Floor {
    redis: MultiplexedConnection,
    postgres: Client,
    statements: [Statement; 5],
    user: uuid::Uuid,
    audit: shared::clock::Random,
}

impl Floor {
    async fn connect(fixture: &Fixture) -> Outcome<Self> {
        let address = fixture.settings.get("REDIS_URL").ok_or("Redis is there")?;
        let mut redis = redis::Client::open(address.as_str())?.get_multiplexed_async_connection().await?;
        let () = redis::cmd("SET").arg("bench").arg("v".repeat(300)).query_async(&mut redis).await?;
        let (postgres, connection) = tokio_postgres::connect(&fixture.cluster.url("bench"), NoTls).await?;
        tokio::spawn(connection);
        let statements = [
            postgres.prepare("BEGIN").await?,
            postgres.prepare("SELECT set_config('ward.user_id', $1, true)").await?,
            postgres.prepare("SELECT encrypted_data, updated_at FROM encrypted_storage WHERE user_id = $1").await?,
            postgres
                .prepare(
                    "INSERT INTO audit_log (id, user_id, actor_id, action, resource_type, request_id, created_at)
                     VALUES ($1, $2, $2, 'bench', 'bench', $1, now())",
                )
                .await?,
            postgres.prepare("COMMIT").await?,
        ];
        Ok(Self { redis, postgres, statements, user: fixture.user, audit: shared::clock::Random::default() })
    }

    async fn run(&mut self) -> Outcome {
        let _session: Vec<u8> = redis::cmd("GET").arg("bench").query_async(&mut self.redis).await?;
        let [begin, set_user, select, audit, commit] = &self.statements;
        let (user, id) = (self.user.to_string(), uuid::Uuid::from_bytes(self.audit.bytes()?));
        let set_params: [&(dyn ToSql + Sync); 1] = [&user];
        let select_params: [&(dyn ToSql + Sync); 1] = [&self.user];
        let audit_params: [&(dyn ToSql + Sync); 2] = [&id, &self.user];
        let (opened, set, rows, audited, committed) = tokio::join!(biased;
            self.postgres.execute(begin, &[]),
            self.postgres.query(set_user, &set_params),
            self.postgres.query(select, &select_params),
            self.postgres.execute(audit, &audit_params),
            self.postgres.execute(commit, &[]),
        );
        opened?;
        set?;
        audited?;
        committed?;
        if rows?.len() == 1 { Ok(()) } else { Err("the floor found no value".into()) }
    }
}
