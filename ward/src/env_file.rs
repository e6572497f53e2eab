//! A file of settings, as `ward dev` writes one.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::command::CommandError;

/// The settings of a file: lines of `NAME=value`, the value in quotes or not; empty lines and those with a `#` are skipped.
pub fn read(path: PathBuf) -> Result<HashMap<String, String>, CommandError> {
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&text).map_err(|line| CommandError::EnvLine { path, line }),
        Err(source) => Err(CommandError::File { path, source }),
    }
}

/// The number of a line that is not of the form, where there is one: the line itself may hold a secret.
fn parse(text: &str) -> Result<HashMap<String, String>, usize> {
    let mut settings = HashMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').ok_or(at + 1)?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let value = unquoted(value).filter(|_| is_name).ok_or(at + 1)?;
        settings.insert(name.to_owned(), value.to_owned());
    }
    Ok(settings)
}

/// What stands between a pair of quotes; the whole where there is none. Nothing where only one is there.
fn unquoted(value: &str) -> Option<&str> {
    for quote in ['\'', '"'] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.strip_suffix(quote);
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_lines_of_names_and_values() {
        let text =
            "# of ward dev\n\nDATABASE_URL='postgres://ward@/ward?host=/x'\nWARD_APP=ward\nEMPTY=\nJSON=\"{}\"\n";
        let settings = parse(text).unwrap();
        assert_eq!(settings["DATABASE_URL"], "postgres://ward@/ward?host=/x");
        assert_eq!((settings["WARD_APP"].as_str(), settings["EMPTY"].as_str()), ("ward", ""));
        assert_eq!(settings["JSON"], "{}");
        for (wrong, line) in [("secret", 1), ("A=1\nA B=2", 2), ("A='1", 1), ("=1", 1), ("export A=1", 1)] {
            assert_eq!(parse(wrong).unwrap_err(), line, "{wrong}");
        }
    }
}
