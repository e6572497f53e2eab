//! The functions together can't open more connections than the database takes.

use deploy_tests::{Function, Stack, text};

use crate::environments;

/// What a function opens where its environment does not say: the code's own default.
const POOL: u64 = 2;
/// `superuser_reserved_connections` (3) and `rds.rds_superuser_reserved_connections` (2), and what RDS itself uses.
const RESERVE: u64 = 10;

fn most(function: &Function<'_>) -> u64 {
    if !function.variables().keys().any(|name| name.starts_with("DATABASE_")) {
        return 0;
    }
    let reserved = function.resource.property("ReservedConcurrentExecutions");
    let reserved = text(reserved).parse::<u64>();
    let reserved = reserved.unwrap_or_else(|_| panic!("{} has no reserved concurrency", function.binary));
    let pool = function.variables().get("WARD_DATABASE_POOL").map_or(POOL, |pool| pool.parse().expect("a number"));
    reserved * pool
}

fn max_connections(stack: &Stack) -> u64 {
    let database = stack.nested.get("Database").expect("the stack Database");
    text(&database.outputs["MaxConnections"]).parse().expect("the database's max_connections")
}

#[test]
fn reserved_concurrency_times_the_pool_stays_under_max_connections() {
    for (environment, stack) in environments::all() {
        let needed: u64 = stack.functions().iter().map(most).sum();
        let there = max_connections(stack);
        assert!(needed + RESERVE <= there, "{}: {needed} and {RESERVE} kept back, of {there}", environment.name);
    }
}
