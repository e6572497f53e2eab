//! What `ward dev` prints: a line for each step, aligned; bold and dim on a terminal only.

use std::io::{IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

/// Where the lines go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    styled: bool,
}

impl Terminal {
    /// Standard output.
    pub fn new() -> Self {
        Self { styled: stdout().is_terminal() }
    }

    /// A step that takes a while.
    pub fn step(self, name: &str, text: &str) {
        line(&format!("  {} {text}", self.dim(&format!("{name:<9}"))));
    }

    /// A finished step and how long it took.
    pub fn done(self, name: &str, text: &str, started: Instant) {
        let took = self.dim(&seconds(started.elapsed()));
        line(&format!("  {} {text}  {took}", self.dim(&format!("{name:<9}"))));
    }

    /// Text that stands out.
    pub fn bold(self, text: &str) -> String {
        self.style("1", text)
    }

    /// Text that stands back.
    pub fn dim(self, text: &str) -> String {
        self.style("2", text)
    }

    fn style(self, code: &str, text: &str) -> String {
        if self.styled { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Prints a line as it is. Nobody may be reading any more; that is no reason to end.
pub(super) fn line(text: &str) {
    writeln!(stdout(), "{text}").ok();
}

/// A duration as people say it: `48 ms`, `1.3 s`.
pub(super) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(48)), "48 ms");
        assert_eq!(seconds(Duration::from_millis(1_290)), "1.3 s");
    }

    #[test]
    fn what_is_no_terminal_gets_plain_text() {
        let plain = Terminal { styled: false };
        assert_eq!(plain.bold("Ready"), "Ready");
    }
}
