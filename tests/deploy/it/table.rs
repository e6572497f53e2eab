//! The table: what HIPAA demands of each type of resource, and that every resource of every environment has it.

use std::collections::BTreeSet;

use deploy_tests::Exceptions;

use crate::demand::{Demand, Row};
use crate::environments::{self, Wrong, nothing_wrong};
use crate::rows::ROWS;

fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().copied().flatten()
}

#[test]
fn every_resource_has_what_is_demanded_of_its_type() {
    let exceptions = Exceptions::of("table");
    let mut wrong = Wrong::default();
    for (environment, stack) in environments::all() {
        for resource in stack.all() {
            for row in rows().filter(|row| row.kind == resource.kind) {
                let here = row.environments.contains(&environment.name.as_str());
                let Some(complaint) = row.complaint(resource).filter(|_| here) else { continue };
                if !exceptions.allow(&format!("{} {}", row.kind, row.path), &resource.id) {
                    wrong.add(&environment.name, format!("{} ({}): {complaint}", resource.id, resource.kind));
                }
            }
        }
    }
    for unmet in exceptions.unmet() {
        wrong.add("everywhere", format!("infra/exceptions.toml excuses {unmet}, which is well"));
    }
    wrong.none();
}

#[test]
fn every_type_has_a_row() {
    let known: BTreeSet<_> = rows().map(|row| row.kind).collect();
    let mut wrong = Vec::new();
    for (_, stack) in environments::all() {
        let unknown = stack.all().filter(|resource| !known.contains(resource.kind.as_str()));
        wrong.extend(unknown.map(|resource| format!("{} has no row (as {})", resource.kind, resource.id)));
    }
    nothing_wrong(wrong);
}

#[test]
fn every_row_names_a_provision_and_none_stands_twice() {
    let provision = regex_lite::Regex::new(r"^164\.3(08|10|12|14|16)(\([A-Za-z0-9]+\))+$").expect("a pattern");
    let mut seen = BTreeSet::new();
    for row in rows() {
        assert!(
            seen.insert((row.kind, row.path, format!("{:?}{:?}", row.demand, row.environments))),
            "{row:?} stands twice"
        );
        match row.demand {
            Demand::Nothing => assert!(row.path.len() > 15, "{row:?} needs a reason"),
            _ => assert!(provision.is_match(row.provision), "{row:?}"),
        }
    }
}
