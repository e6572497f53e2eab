//! Values parsed once.

use axum::http::StatusCode;
use serde_json::value::RawValue;
use shared::http::Problem;

/// Most bytes of a value's JSON text: 4 MiB.
pub(crate) const LONGEST_VALUE: usize = 4 * 1024 * 1024;

const LONGEST_KEY: usize = 255;

/// A key: 1 to 255 characters, no control characters. It may name a patient, so it is never stored in clear.
#[derive(Clone)]
pub(crate) struct Key(String);

impl Key {
    pub(crate) fn parse(text: String) -> Result<Self, Problem> {
        let fits = (1..=LONGEST_KEY).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits {
            Ok(Self(text))
        } else {
            Err(Problem::bad_request("invalid_key", "A key has to be 1 to 255 printable characters"))
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// A value: any JSON up to 4 MiB, kept as it was written.
pub(crate) struct Value(Box<RawValue>);

impl Value {
    pub(crate) fn parse(json: Box<RawValue>) -> Result<Self, Problem> {
        if json.get().len() <= LONGEST_VALUE {
            return Ok(Self(json));
        }
        Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "A value may have 4 MB"))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.get().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_bounded_and_printable() {
        for right in ["a", "patients/42", "ключ", &"k".repeat(255)] {
            assert!(Key::parse(right.to_owned()).is_ok());
        }
        for wrong in ["", "a\u{0}", "line\nbreak", &"k".repeat(256)] {
            assert!(Key::parse(wrong.to_owned()).is_err());
        }
    }

    #[test]
    fn a_value_may_have_four_mebibytes() {
        let json = |length: usize| RawValue::from_string(format!("\"{}\"", "x".repeat(length - 2))).unwrap();
        assert!(Value::parse(json(LONGEST_VALUE)).is_ok());
        assert!(Value::parse(json(LONGEST_VALUE + 1)).is_err());
    }
}
