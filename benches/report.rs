//! benches/RESULTS.md.

use std::fmt::Write;
use std::fs;

use shared::clock::Clock;

use crate::Outcome;
use crate::fixture::Fixture;

/// The results so far, a section for each thing measured.
pub struct Report {
    head: String,
    sections: Vec<Section>,
}

struct Section {
    title: &'static str,
    how: &'static str,
    rows: Vec<Row>,
}

/// One figure beside what it is compared with.
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What came out.
    pub measured: String,
    /// What the floor gave in the same run.
    pub floor: String,
    /// The budget of the design, and whether it is met; nothing where there is none.
    pub budget: Option<(String, bool)>,
}

impl Report {
    /// Begins with the machine and the date.
    pub fn new(fixture: &Fixture) -> Outcome<Self> {
        let date = Clock::system().now().strftime("%Y-%m-%d").to_string();
        let processor = line_of("/proc/cpuinfo", "model name")?;
        let memory: f64 = line_of("/proc/meminfo", "MemTotal")?.trim_end_matches(" kB").parse()?;
        let memory = memory / f64::from(1 << 20);
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let cores = std::thread::available_parallelism()?;
        let head = format!(
            "# Benchmarks\n\n\
             Measured on {date} by `cargo xtask bench`, release profile, everything on one machine:\n\
             {processor}, {cores} cores, {memory:.0} GiB of memory, Linux {}, PostgreSQL {} (private, on a unix\n\
             socket, without fsync), Redis {} (private, on a unix socket).\n",
            kernel.trim(),
            fixture.cluster.version(),
            fixture.redis_version,
        );
        Ok(Self { head, sections: Vec::new() })
    }

    /// Adds a table and how it was measured.
    pub fn section(&mut self, title: &'static str, how: &'static str, rows: Vec<Row>) {
        self.sections.push(Section { title, how, rows });
    }

    /// The whole text.
    pub fn to_markdown(&self) -> String {
        let mut text = self.head.clone();
        for section in &self.sections {
            // Writing to a text can't fail.
            let _ = write!(text, "\n## {}\n\n{}\n\n", section.title, section.how);
            text.push_str("| what | measured | floor | budget | |\n|---|---|---|---|---|\n");
            for row in &section.rows {
                let (budget, met) = match &row.budget {
                    Some((budget, true)) => (budget.as_str(), "met"),
                    Some((budget, false)) => (budget.as_str(), "**not met**"),
                    None => ("", ""),
                };
                let _ = writeln!(text, "| {} | {} | {} | {budget} | {met} |", row.what, row.measured, row.floor);
            }
        }
        text
    }
}

fn line_of(file: &str, field: &str) -> Outcome<String> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find(|line| line.starts_with(field));
    Ok(line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, value)| value.trim()).to_owned())
}
