//! `cargo xtask bench`: measures Ward against its floors in one run, and writes benches/RESULTS.md.

mod cold_start;
mod export;
mod first_token;
mod fixture;
mod http;
mod memory;
mod password;
mod report;
mod sealing;
mod sign_in;
mod size;
mod stats;
mod storage_get;
mod storage_load;

use std::error::Error;
use std::path::{Path, PathBuf};

use fixture::Fixture;
use report::Report;

/// What any measurement may fail with: told once, on the way out.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The deployed functions that answer HTTP.
const FUNCTIONS: [&str; 5] = ["auth", "storage", "chat", "usage", "health"];

#[tokio::main]
async fn main() -> Outcome {
    let binaries = binaries()?;
    let fixture = Fixture::start().await?;
    let mut report = Report::new(&fixture)?;
    println!("cold starts");
    cold_start::measure(&binaries, &fixture, &mut report).await?;
    size::measure(&binaries, &mut report)?;
    println!("memory");
    memory::measure(&binaries, &fixture, &mut report).await?;
    // A session has shown a factor for 15 minutes.
    println!("export");
    export::measure(&binaries, &fixture, &mut report).await?;
    println!("storage/get");
    storage_get::measure(&fixture, &mut report).await?;
    println!("storage under load");
    storage_load::measure(&fixture, &mut report).await?;
    println!("first token");
    first_token::measure(&fixture, &mut report).await?;
    println!("sealing");
    sealing::measure(&mut report)?;
    println!("passwords");
    password::measure(&fixture, &mut report).await?;
    println!("sign-in");
    sign_in::measure(&fixture, &mut report).await?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md");
    let text = report.to_markdown();
    std::fs::write(&file, &text)?;
    println!("\n{text}");
    Ok(())
}

/// The folder of the release binaries: this program's own.
fn binaries() -> Outcome<PathBuf> {
    let bench = std::env::current_exe()?;
    let folder = bench.parent().ok_or("a program is in a folder")?;
    for name in FUNCTIONS.iter().chain(&["maintenance", "migrate", "hello"]) {
        if !folder.join(name).exists() {
            return Err(format!("{name} is not built for release; run `cargo xtask bench`").into());
        }
    }
    Ok(folder.to_path_buf())
}
