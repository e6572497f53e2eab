//! Values from the standard input, for where nobody can be asked.

use std::io::Read;

use zeroize::Zeroizing;

use super::error::SecretsError;
use super::names::Secret;

/// Far above what all secrets together have.
const LONGEST_BYTES: u64 = 256 * 1024;

/// A secret and the value it is to have.
pub type Given = (&'static Secret, Zeroizing<String>);

/// Reads lines of `NAME=VALUE` to the end.
pub fn read(input: impl Read, prefix: &str) -> Result<Vec<Given>, SecretsError> {
    let failed = |error| SecretsError::Input("read the standard input", error);
    // Grown in steps a vector would leave copies of its content behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(LONGEST_BYTES).unwrap_or_default()));
    input.take(LONGEST_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| failed(std::io::Error::other(error)))?;
    parse(text, prefix)
}

fn parse(text: &str, prefix: &str) -> Result<Vec<Given>, SecretsError> {
    let mut given: Vec<Given> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |why: String| SecretsError::Line { line: at + 1, why };
        let (name, value) = line.split_once('=').ok_or_else(|| wrong("it is not NAME=VALUE".into()))?;
        let name = name.trim();
        let short = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name);
        let secret = Secret::named(short).ok_or_else(|| wrong("it names no secret of Ward's".into()))?;
        if given.iter().any(|(known, _)| *known == secret) {
            return Err(wrong(format!("{short} stands twice")));
        }
        secret.check(value).map_err(|why| wrong(format!("{short}: {why}")))?;
        given.push((secret, Zeroizing::new(value.to_owned())));
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_secret_in_full_or_in_short() {
        let text = "# comment\n\nchat/model-key=sk=1==\nward/prod/auth/github=abc\r\n";
        let given = read(text.as_bytes(), "ward/prod").unwrap();
        let given: Vec<_> = given.iter().map(|(secret, value)| (secret.name, value.as_str())).collect();
        assert_eq!(given, [("chat/model-key", "sk=1=="), ("auth/github", "abc")]);
    }

    #[test]
    fn a_wrong_line_is_told_by_its_number_alone() {
        for (text, line, why) in [
            ("marker-7f", 1, "NAME=VALUE"),
            ("\nmarker-7f=1", 2, "no secret of Ward's"),
            ("ward/dev/chat/model-key=marker-7f", 1, "no secret of Ward's"),
            ("chat/model-key=marker 7f", 1, "chat/model-key: this is not"),
            ("chat/model-key=", 1, "chat/model-key: this is not"),
            ("auth/twilio=a\nauth/twilio=marker-7f", 2, "stands twice"),
        ] {
            let error = read(text.as_bytes(), "ward/prod").unwrap_err().to_string();
            assert!(error.starts_with(&format!("line {line} of")) && error.contains(why), "{error}");
            assert!(!error.contains("marker"), "{error}");
        }
        assert!(read(&b"\xff"[..], "ward/prod").is_err());
    }
}
