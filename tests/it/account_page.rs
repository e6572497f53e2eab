//! `docs/account.md` says what each action of the audit log means.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What begins the making of an audit entry. The action is the first text behind it.
const MAKERS: [&str; 2] = ["AuditEntry::", "entry("];

/// The actions named where entries are made, below a folder.
fn actions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            actions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let made = MAKERS.iter().flat_map(|maker| text.split(maker).skip(1));
            let named = made.filter_map(|rest| rest.split(';').next()?.split('"').nth(1));
            found.extend(named.filter(|name| is_action(name)).map(str::to_owned));
        }
    }
}

fn is_action(name: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    name.contains('.') && name.split('.').all(word)
}

#[test]
fn every_action_stands_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/account.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let told: BTreeSet<_> = rows.filter(|name| is_action(name)).map(str::to_owned).collect();
    let mut made = BTreeSet::new();
    for folder in ["functions", "shared/src"] {
        actions(&root.join(folder), &mut made);
    }
    assert!(made.len() > 60, "{made:?}");
    let missing: Vec<_> = made.difference(&told).collect();
    assert!(missing.is_empty(), "docs/account.md says nothing of {missing:?}");
}
