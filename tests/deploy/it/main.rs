//! What template.yaml and infra/ make of each environment is what HIPAA asks for, and works.

#![expect(clippy::expect_used, reason = "a test that can't go on has failed")]

mod calls;
mod connections;
mod demand;
mod environments;
mod functions;
mod guard;
mod iam;
mod limits;
mod policies;
mod routes;
mod rows;
mod table;
mod whole;
