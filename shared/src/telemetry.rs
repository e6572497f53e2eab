//! Logs: JSON lines on standard output, without bodies, prompts, addresses or secrets.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Starts the log, and logs a panic by its place only: its message could hold a value.
///
/// `filter` names levels, for all or by target: `info`, `warn,chat=debug`. A second call changes nothing.
pub fn init(filter: &str) {
    // Not `EnvFilter`: it compiles regular expressions at each cold start.
    let filter = filter.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer().json().with_current_span(false).with_span_list(false);
    let started = tracing_subscriber::registry().with(lines.flatten_event(true).with_filter(filter)).try_init();
    if started.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            tracing::error!(place, "panicked");
        }));
    }
}
