//! The peak memory of the storage function while it exports 1 GB.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde_json::json;
use shared::vault::Field;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_postgres::NoTls;

use crate::Outcome;
use crate::fixture::Fixture;
use crate::memory::event;
use crate::report::{Report, Row};
use crate::storage_load::Caller;

const VALUES: u64 = 256;
const VALUE_BYTES: usize = 4 * 1024 * 1024 - 2;
const BUDGET_MIB: u64 = 64;
const LIMIT: Duration = Duration::from_mins(3);

/// Stores 1 GB, exports it through the Runtime API of the release binary, and reads the process's peak.
pub async fn measure(binaries: &Path, fixture: &Fixture, report: &mut Report) -> Outcome {
    let caller = Caller {
        router: storage::router(storage::App::new(fixture.platform.clone())),
        cookie: fixture.cookie.clone(),
        csrf: fixture.csrf.clone(),
    };
    seal_profile(fixture).await?;
    for n in 0..VALUES {
        caller.post("set", &json!({"key": format!("large {n}"), "value": text(n)})).await?;
    }
    let start = Instant::now();
    let (peak_kib, sent) = export(&binaries.join("storage"), fixture).await?;
    let seconds = start.elapsed().as_secs_f64();
    caller.post("clear", &json!(null)).await?;
    caller.post("versions/forget", &json!({})).await?;
    let peak = f64::from(u32::try_from(peak_kib)?) / 1024.0;
    report.section(
        "Exporting an account",
        "256 values of 4 MB each, exported by the storage function through the Lambda Runtime API with PostgreSQL,\n\
         Redis and a key file: the peak of its resident set (VmHWM), and what went out.",
        vec![Row {
            what: "GET /api/account/export of 1 GB".to_owned(),
            measured: format!("{peak:.1} MiB; {} MB sent in {seconds:.1} s", sent / 1_000_000),
            floor: String::new(),
            budget: Some((format!("under {BUDGET_MIB} MiB"), peak_kib < BUDGET_MIB * 1024)),
        }],
    );
    Ok(())
}

/// The fixture's user has an empty profile, which is no sealed value: an export would end there.
async fn seal_profile(fixture: &Fixture) -> Outcome {
    let (vault, db, row) = (&fixture.platform.vault, &fixture.platform.db, fixture.user.to_string());
    let field = Field { table: "users", column: "profile", row: &row };
    let profile = vault.owner_key(db, fixture.user).await?.seal(&field, b"{}")?;
    let (client, connection) = tokio_postgres::connect(&fixture.cluster.url("bench"), NoTls).await?;
    tokio::spawn(connection);
    client.execute("UPDATE users SET profile = $2 WHERE id = $1", &[&fixture.user, &profile]).await?;
    Ok(())
}

/// A text of its own for each number, that compresses about as base64 does.
fn text(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letter = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'0' + u8::try_from(state % 64).unwrap_or_default()).to_ascii_lowercase()
    };
    (0..VALUE_BYTES).map(letter).map(|letter| if letter == '\\' { 'x' } else { letter }).collect()
}

struct RuntimeApi {
    event: String,
    handed_out: AtomicBool,
    received: AtomicU64,
    done: Notify,
}

/// Hands one event to the function; gives its peak in KiB and the bytes it answered.
async fn export(binary: &Path, fixture: &Fixture) -> Outcome<(u64, u64)> {
    let api = Arc::new(RuntimeApi {
        event: event("/api/account/export", &fixture.cookie).to_string(),
        handed_out: AtomicBool::new(false),
        received: AtomicU64::new(0),
        done: Notify::new(),
    });
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .with_state(Arc::clone(&api));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut child = Command::new(binary)
        .env_clear()
        .envs(fixture.settings.iter())
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true")
        .env("AWS_REGION", "us-east-1")
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    timeout(LIMIT, api.done.notified()).await?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id().ok_or("it is running")?))?;
    child.kill().await?;
    server.abort();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("there is no VmHWM")?;
    let sent = api.received.load(Ordering::Relaxed);
    // Four letters of 64 hold three bytes: no export of all this is smaller.
    if sent < VALUES * VALUE_BYTES as u64 / 2 {
        return Err(format!("only {sent} bytes were answered").into());
    }
    Ok((line.trim().trim_end_matches(" kB").parse()?, sent))
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    if api.handed_out.swap(true, Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    let headers = [
        ("lambda-runtime-aws-request-id", "00000000-0000-4000-8000-000000000000"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:bench"),
        ("content-type", "application/json"),
    ];
    (headers, api.event.clone()).into_response()
}

async fn response(State(api): State<Arc<RuntimeApi>>, mut body: Body) -> StatusCode {
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            api.received.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
    }
    api.done.notify_one();
    StatusCode::ACCEPTED
}
