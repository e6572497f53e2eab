//! Logs: JSON lines on standard output, without bodies, prompts, addresses or secrets.

use tracing_subscriber::EnvFilter;

/// Starts the log, and logs a panic by its place only: its message could hold a value.
///
/// `filter` is in the form of `RUST_LOG`; a second call changes nothing.
pub fn init(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_current_span(false)
        .with_span_list(false)
        .flatten_event(true)
        .try_init();
    if started.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            tracing::error!(place, "panicked");
        }));
    }
}
