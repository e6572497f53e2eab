//! From exec to the first poll of `/next`: the part of a cold start that is ours.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::fixture::Fixture;
use crate::report::{Report, Row};
use crate::stats::{Samples, ms};
use crate::{FUNCTIONS, Outcome};

const RUNS: usize = 20;
/// Of a bare `lambda_http` hello.
const BUDGET: f64 = 1.5;

/// Starts each binary 20 times, in turns, so that a busy moment of the machine meets all of them.
pub async fn measure(binaries: &Path, fixture: &Fixture, report: &mut Report) -> Outcome {
    let names: Vec<_> = ["hello"].into_iter().chain(FUNCTIONS).collect();
    let mut samples = vec![Vec::with_capacity(RUNS); names.len()];
    for run in 0..=RUNS {
        for (name, samples) in names.iter().zip(&mut samples) {
            let taken = start(&binaries.join(name), fixture).await?;
            // The first run brings the binary into the page cache.
            if run > 0 {
                samples.push(taken);
            }
        }
    }
    let mut medians = samples.into_iter().map(|samples| Samples::new(samples).p50());
    let floor = medians.next().ok_or("hello was measured")?;
    let rows = FUNCTIONS.iter().zip(medians).map(|(name, median)| {
        let ratio = median.as_secs_f64() / floor.as_secs_f64();
        Row {
            what: (*name).to_owned(),
            measured: format!("{} ({ratio:.2} x)", ms(median)),
            floor: ms(floor),
            budget: Some((format!("{BUDGET} x"), ratio <= BUDGET)),
        }
    });
    report.section(
        "Cold start",
        "From exec to the first poll of the Lambda Runtime API, median of 20 starts in turns, binaries in the\n\
         page cache. The floor is `benches/hello.rs`, a bare `lambda_http` hello. The functions have a KMS key and\n\
         the database's address in their settings, so the AWS clients are built; a secret would add a call to\n\
         Secrets Manager.",
        rows.collect(),
    );
    Ok(())
}

async fn start(binary: &Path, fixture: &Fixture) -> Outcome<Duration> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(fixture.settings.iter())
        .env_remove("WARD_KEY_FILE")
        .env("KMS_KEY_ID", "alias/ward")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true")
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let mut connection = tokio::select! {
        accepted = listener.accept() => accepted?.0,
        ended = child.wait() => return Err(format!("{} ended: {}", binary.display(), ended?).into()),
    };
    let mut head = Vec::new();
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        if connection.read_buf(&mut head).await? == 0 {
            return Err(format!("{} hung up", binary.display()).into());
        }
    }
    let taken = begun.elapsed();
    if !head.starts_with(b"GET /2018-06-01/runtime/invocation/next ") {
        return Err(format!("{} asked for something else first", binary.display()).into());
    }
    child.kill().await?;
    Ok(taken)
}
