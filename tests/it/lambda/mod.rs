//! The functions' real binaries: under the Lambda Runtime API behind API Gateway's events, under `cargo lambda watch`,
//! and as template.yaml deploys them.

mod emulator;
mod event;
mod function;
mod functions;
mod gateway;
mod journey;
mod maintenance;
mod migrate;
mod routes;
mod settings;
mod watch;
