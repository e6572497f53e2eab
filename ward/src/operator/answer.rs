//! What the function answers, within what an answer of Lambda's holds.

use std::process::ExitStatus;

use serde::Serialize;

/// The status of a command that was not understood, as clap gives it.
const NOT_UNDERSTOOD: i32 = 2;
/// The status of a command whose time was over, as timeout(1) gives it.
const OUT_OF_TIME: i32 = 124;

/// Lambda takes 6 MB of JSON. These bounds are of bytes in JSON, and leave some for what stands around.
const STDOUT_BYTES: usize = 5 * 1024 * 1024;
const STDERR_BYTES: usize = 512 * 1024;

/// What a command printed and how it ended.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The exit status; 128 and the signal's number where a signal ended it.
    pub status: i32,
    stdout: String,
    stderr: String,
}

impl Answer {
    /// Of a command that was not run.
    pub fn refused(why: &str) -> Self {
        Self { status: NOT_UNDERSTOOD, stdout: String::new(), stderr: format!("error: {why}\n") }
    }

    /// Of a command that has ended by itself.
    pub fn ended(status: ExitStatus, stdout: &Printed, stderr: &Printed) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let status = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
        Self::of(status.unwrap_or(OUT_OF_TIME), stdout, stderr)
    }

    /// Of one that was ended after so many seconds.
    pub fn out_of_time(seconds: u64, stdout: &Printed, stderr: &Printed) -> Self {
        let mut answer = Self::of(OUT_OF_TIME, stdout, stderr);
        answer.note(&format!(
            "ended after {seconds} s, since the function's time was over. What it printed until then is above. Commands that work \
             on many keys or users go on with what is left when they are run again."
        ));
        answer
    }

    fn of(status: i32, stdout: &Printed, stderr: &Printed) -> Self {
        let (text, shown) = cut(&stdout.bytes, STDOUT_BYTES);
        let (notes, shown_notes) = cut(&stderr.bytes, STDERR_BYTES);
        let mut answer = Self { status, stdout: text, stderr: notes };
        for (name, printed, shown) in [("output", stdout, shown), ("error output", stderr, shown_notes)] {
            if printed.seen > shown {
                answer.note(&format!(
                    "the standard {name} is cut: the first {shown} of {} bytes are shown, for an answer holds 6 MB",
                    printed.seen
                ));
            }
        }
        answer
    }

    fn note(&mut self, text: &str) {
        if !self.stderr.is_empty() && !self.stderr.ends_with('\n') {
            self.stderr.push('\n');
        }
        self.stderr.extend(["ward: ", text, "\n"]);
    }
}

/// The beginning of what a command printed, as much as an answer can hold.
#[derive(Debug, Default)]
pub struct Printed {
    bytes: Vec<u8>,
    seen: usize,
}

impl Printed {
    /// Takes more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.seen += bytes.len();
        let room = STDOUT_BYTES - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// As much of the beginning as takes `limit` bytes in JSON, and how many bytes that were.
fn cut(bytes: &[u8], limit: usize) -> (String, usize) {
    let text = String::from_utf8_lossy(bytes);
    let mut room = limit;
    for (at, letter) in text.char_indices() {
        let takes = in_json(letter);
        if takes > room {
            return (text[..at].to_owned(), at);
        }
        room -= takes;
    }
    (text.into_owned(), bytes.len())
}

/// Bytes of a letter in a JSON text.
fn in_json(letter: char) -> usize {
    match letter {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => letter.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn printed(bytes: &[u8]) -> Printed {
        let mut printed = Printed::default();
        bytes.chunks(100_000).for_each(|part| printed.push(part));
        printed
    }

    #[test]
    fn what_fits_is_answered_as_it_was_printed() {
        let answer = Answer::ended(ExitStatus::from_raw(1 << 8), &printed("é\n".as_bytes()), &printed(b"no"));
        assert_eq!((answer.status, answer.stdout.as_str(), answer.stderr.as_str()), (1, "é\n", "no"));
        let killed = Answer::ended(ExitStatus::from_raw(9), &printed(b""), &printed(b"\xff"));
        assert_eq!((killed.status, killed.stderr.as_str()), (137, "\u{fffd}"));
    }

    #[test]
    fn what_does_not_fit_is_cut_with_a_note_whatever_json_makes_of_it() {
        for letter in ["a", "\n", "\u{1}", "é", "\"", "\u{7f}", "𝕏"] {
            let much = printed(letter.repeat(8 * 1024 * 1024 / letter.len()).as_bytes());
            let answer = Answer::ended(ExitStatus::from_raw(0), &much, &much);
            let bytes = serde_json::to_vec(&answer).unwrap().len();
            assert!((5 * 1024 * 1024..6_000_000).contains(&bytes), "{letter:?}: {bytes}");
            assert!(answer.stderr.contains("the standard output is cut: the first "), "{letter:?}");
            assert!(answer.stderr.ends_with("of 8388608 bytes are shown, for an answer holds 6 MB\n"), "{letter:?}");
        }
    }

    #[test]
    fn one_that_was_ended_says_so_after_what_it_printed() {
        let answer = Answer::out_of_time(897, &printed(b"id\n"), &printed(b"rewrapping"));
        assert_eq!((answer.status, answer.stdout.as_str()), (124, "id\n"));
        assert!(answer.stderr.starts_with("rewrapping\nward: ended after 897 s"), "{}", answer.stderr);
    }
}
