//! The same for each of many, several at once, with a progress bar.

use futures_util::StreamExt;
use futures_util::stream;
use indicatif::{ProgressBar, ProgressStyle};

use super::AT_ONCE;
use crate::command::CommandError;

/// How many items are read at once.
pub const PAGE: i64 = 500;

/// How far a long piece of work is, on standard error where that is a terminal.
pub struct Each {
    bar: ProgressBar,
    failed: u64,
    first: Option<CommandError>,
}

impl Each {
    /// A bar for so many items.
    pub fn new(what: &'static str, all: i64) -> Self {
        let bar = ProgressBar::new(all.unsigned_abs()).with_message(what);
        let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} ({per_sec}, {eta} left)");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, failed: 0, first: None }
    }

    /// Does it for each of a page.
    pub async fn page<T, F>(&mut self, page: impl IntoIterator<Item = T>, work: impl Fn(T) -> F)
    where
        F: Future<Output = Result<(), CommandError>>,
    {
        let mut done = stream::iter(page).map(work).buffer_unordered(AT_ONCE);
        while let Some(result) = done.next().await {
            self.bar.inc(1);
            if let Err(error) = result {
                self.failed += 1;
                self.first.get_or_insert(error);
            }
        }
    }

    /// How many were done; an error where some were not.
    pub fn end(self) -> Result<u64, CommandError> {
        let (done, failed) = (self.bar.position() - self.failed, self.failed);
        self.bar.finish_and_clear();
        match self.first {
            Some(first) => Err(CommandError::InPart { done, failed, first: Box::new(first) }),
            None => Ok(done),
        }
    }
}
