//! `docs/security.md` names a test for what it says of each requirement of OWASP ASVS 5.0: the tests are there, and so are
//! the requirements.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where a file is looked for.
const FOLDERS: [&str; 4] = ["tests/it/api/auth", "tests/it", "functions/auth/src", "."];

/// The sections of V6, V7, V9 and V10 of ASVS 5.0.0, with the number of requirements each has.
const SECTIONS: [(&str, u32); 23] = [
    ("6.1", 3),
    ("6.2", 12),
    ("6.3", 8),
    ("6.4", 6),
    ("6.5", 8),
    ("6.6", 4),
    ("6.7", 2),
    ("6.8", 4),
    ("7.1", 3),
    ("7.2", 4),
    ("7.3", 2),
    ("7.4", 5),
    ("7.5", 3),
    ("7.6", 2),
    ("9.1", 3),
    ("9.2", 4),
    ("10.1", 2),
    ("10.2", 3),
    ("10.3", 5),
    ("10.4", 16),
    ("10.5", 5),
    ("10.6", 2),
    ("10.7", 3),
];

/// A row of the page's tables.
struct Row {
    /// The requirement, or a few of one section: `10.4.1–4`.
    requirement: String,
    status: String,
    shown_by: String,
}

impl Row {
    /// The tests it names, a file and a function each.
    fn tests(&self) -> impl Iterator<Item = (&str, &str)> {
        self.shown_by.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::"))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit());
    let rows = rows.map(|line| {
        let cells: Vec<_> = line.trim_matches(['|', ' ']).split(" | ").map(str::to_owned).collect();
        let [requirement, _, status, shown_by] = cells.try_into().expect("four cells");
        Row { requirement, status, shown_by }
    });
    rows.collect()
}

/// Whether the file has a test of that name: a function marked as one, or a step that a browser's walk takes.
fn is_test(text: &str, name: &str) -> bool {
    if text.contains(&format!("async function {name}(")) {
        return text.contains(&format!(", {name}],"));
    }
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else { return false };
    let above = before.rsplit('\n').skip(1).map(str::trim_start);
    above.take_while(|line| line.starts_with("#[")).any(|line| line.contains("test"))
}

#[test]
fn every_test_it_names_is_there() {
    let mut named = 0;
    for row in rows() {
        for (file, name) in row.tests() {
            let places = FOLDERS.map(|folder| root().join(folder).join(file));
            let text = places.iter().find_map(|place| fs::read_to_string(place).ok());
            let text = text.unwrap_or_else(|| panic!("{}: there is no file {file}", row.requirement));
            assert!(is_test(&text, name), "{}: there is no test {name} in {file}", row.requirement);
            named += 1;
        }
    }
    assert!(named > 100);
}

#[test]
fn what_is_met_names_a_test() {
    for row in rows() {
        let shown = row.tests().next().is_some() || row.shown_by.ends_with("above");
        match row.status.as_str() {
            "met" | "otherwise" => assert!(shown, "{}: nothing shows it", row.requirement),
            "in part" | "by design" | "not met" | "–" => assert!(!row.shown_by.is_empty(), "{}", row.requirement),
            other => panic!("{}: {other} is no status", row.requirement),
        }
    }
}

#[test]
fn every_requirement_has_a_row() {
    let mut told: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for row in rows() {
        let (section, numbers) = row.requirement.rsplit_once('.').expect("a requirement");
        let (first, last) = numbers.split_once('–').unwrap_or((numbers, numbers));
        let [first, last] = [first, last].map(|number| number.parse::<u32>().expect("a number"));
        told.entry(section.to_owned()).or_default().extend(first..=last);
    }
    let all = SECTIONS.map(|(section, count)| (section.to_owned(), (1..=count).collect()));
    assert_eq!(told, all.into());
}
