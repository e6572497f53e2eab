//! `docs/access.md` names every role with what it may, and every scope.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use shared::identity::{Permission, Role, Scope};

/// The rows of the table whose first column has this heading, each as its cells.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/access.md")).unwrap();
    let (_, after) = page.split_once(&format!("\n| {heading} |")).expect("the table");
    let rows = after.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|line| line.trim_matches(['|', ' ']).split(" | ").map(str::to_owned).collect()).collect()
}

/// The names in a cell.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_role_stands_with_what_it_may() {
    let mut told = BTreeSet::new();
    for row in table("role") {
        for role in names(&row[0]).map(|name| Role::parse(name).expect(name)) {
            assert!(told.insert(role.name()), "{} stands twice", role.name());
            let permissions = [Permission::UsersRead, Permission::UsersWrite, Permission::OperatorsWrite];
            assert_eq!(row.len(), 1 + permissions.len(), "{row:?}");
            for (cell, permission) in row[1..].iter().zip(permissions) {
                assert_eq!(cell.starts_with("yes"), role.may(permission), "{}: {}", role.name(), permission.name());
            }
        }
    }
    assert_eq!(told, Role::ALL.map(Role::name).into());
}

#[test]
fn every_scope_stands_once_and_no_other() {
    let rows = table("scope");
    let told: Vec<_> = rows.iter().flat_map(|row| names(&row[0])).collect();
    let all: BTreeSet<_> = Scope::names().collect();
    assert_eq!((told.len(), told.into_iter().collect()), (all.len(), all));
}
