use shared::http::Problem;

const LONGEST_KEY: usize = 255;

/// A key: 1 to 255 characters, no control characters. It may name a patient, so it is never stored in clear.
#[derive(Clone)]
pub(crate) struct Key(String);

impl Key {
    /// # Errors
    /// 400 `invalid_key`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_bounded_and_printable() {
        for right in ["a", "patients/42", "../../etc/passwd", "ключ", " ", &"k".repeat(255), &"é".repeat(255)] {
            assert!(Key::parse(right.to_owned()).is_ok());
        }
        for wrong in ["", "a\u{0}", "line\nbreak", "a\u{9f}", &"k".repeat(256)] {
            assert!(Key::parse(wrong.to_owned()).is_err());
        }
    }
}
