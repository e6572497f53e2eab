//! What `ward dev` says once it is ready.

use super::page::Page;
use super::settings::{DevSettings, Part};
use super::terminal::{self, Terminal};

/// What the summary tells besides the settings.
#[derive(Debug)]
pub(super) struct Facts {
    /// The page's or the API's address.
    pub url: String,
    /// The data folder.
    pub folder: String,
    /// PostgreSQL's folder, where it runs here.
    pub cluster: Option<String>,
    pub page: Page,
}

/// Prints where everything is, and what stands in for what.
pub(super) fn print(terminal: Terminal, facts: &Facts, settings: &DevSettings) {
    for line in lines(terminal, facts, settings) {
        terminal::line(&line);
    }
}

fn lines(terminal: Terminal, facts: &Facts, settings: &DevSettings) -> Vec<String> {
    let row = |name: &str, text: &str| format!("  {} {text}", terminal.dim(&format!("{name:<9}")));
    let mut lines = vec![
        String::new(),
        format!("  Ward runs on {}", terminal.bold(&facts.url)),
        String::new(),
        row("api", &format!("{0}/docs, {0}/openapi.json", facts.url)),
        row("data", &facts.folder),
        row("settings", &format!("{}/env (for cargo lambda watch --ignore-changes --env-file)", facts.folder)),
        row("admin", &format!("cargo ward user create --admin NAME --env-file {}/env makes the first", facts.folder)),
    ];
    if let Page::Absent(reason) = &facts.page {
        let reason = reason.replace('\n', "\n            ");
        lines.push(row("page", &format!("not served, the API runs alone: {reason}")));
    }
    let parts = Part::ALL.map(|part| (part, part_text(part, facts, settings)));
    let width = parts.iter().map(|(_, text)| text.chars().count()).max().unwrap_or_default();
    lines.extend([String::new(), "  Local parts, and the setting that takes a real one:".to_owned(), String::new()]);
    lines.extend(parts.into_iter().map(|(part, text)| {
        let setting = match settings.real(part) {
            Some(setting) => format!("set by {setting}"),
            None => part.settings()[0].to_owned(),
        };
        row(part.name(), &format!("{text:<width$}  {setting}"))
    }));
    lines.extend([String::new(), "  Ctrl-C stops everything.".to_owned(), String::new()]);
    lines
}

fn part_text(part: Part, facts: &Facts, settings: &DevSettings) -> String {
    if settings.real(part).is_some() {
        return "real".to_owned();
    }
    match part {
        Part::Database => {
            format!("private PostgreSQL in {}", facts.cluster.as_deref().unwrap_or(&facts.folder))
        }
        Part::Cache => "in this process".to_owned(),
        Part::Keyring => format!("key file {}/key", facts.folder),
        Part::Files => format!("folder {}/files", facts.folder),
        Part::Model => "built in".to_owned(),
        Part::Mail | Part::Sms => format!("outbox, shown at {}/outbox", facts.url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_local_what_is_real_and_why_there_is_no_page() {
        let environment = Box::new(|name: &str| (name == "REDIS_URL").then(|| "redis://127.0.0.1".to_owned()));
        let settings = DevSettings::new(environment, String::new());
        let facts = Facts {
            url: "http://localhost:9000".to_owned(),
            folder: "/home/me/ward/.ward".to_owned(),
            cluster: Some("/home/me/ward/.ward/postgres".to_owned()),
            page: Page::Absent("npm is not installed".to_owned()),
        };
        let text = lines(Terminal::new(), &facts, &settings).join("\n");
        for expected in [
            "http://localhost:9000/docs",
            "cargo ward user create --admin NAME --env-file /home/me/ward/.ward/env",
            "the API runs alone: npm is not installed",
            "private PostgreSQL in /home/me/ward/.ward/postgres  DATABASE_URL",
            "real                                                set by REDIS_URL",
            "key file /home/me/ward/.ward/key                    KMS_KEY_ID",
            "outbox, shown at http://localhost:9000/outbox       WARD_EMAIL",
        ] {
            assert!(text.contains(expected), "{expected} is missing in:\n{text}");
        }
    }
}
