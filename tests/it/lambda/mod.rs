//! The functions' real binaries: under the Lambda Runtime API behind API Gateway's events, under `cargo lambda watch`,
//! and as template.yaml deploys them.

mod cache_rights;
mod emulator;
mod environment;
mod event;
mod function;
mod functions;
mod gateway;
mod iam;
mod journey;
mod maintenance;
mod migrate;
mod operator;
mod routes;
mod settings;
mod watch;
