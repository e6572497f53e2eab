//! A password as it came in the body.

use std::sync::Arc;

use shared::http::Problem;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use zeroize::Zeroizing;

/// Most bytes of a password, normalised, in UTF-8. It bounds the work, not the strength: NIST asks for 64 characters
/// at least.
pub const LONGEST: usize = 1_024;

/// A text is at most four times as long as its NFC form, so one longer than this need not be normalised.
const LONGEST_AS_SENT: usize = 4 * LONGEST;

/// A password: any Unicode text in NFC (UAX #15), wiped when the last clone goes. It shows itself nowhere.
#[derive(Clone)]
pub struct Password(Arc<Forms>);

struct Forms {
    normalised: Zeroizing<String>,
    /// Where the body's own text is another: systems that did not normalise hashed that one.
    as_sent: Option<Zeroizing<String>>,
}

impl Password {
    /// Takes the body's text and normalises it. Nothing is trimmed or cut off; an empty one is left to the [`Policy`].
    ///
    /// # Errors
    /// 400 `password_too_long` beyond [`LONGEST`].
    ///
    /// [`Policy`]: super::Policy
    pub fn parse(text: String) -> Result<Self, Problem> {
        let text = Zeroizing::new(text);
        if text.len() > LONGEST_AS_SENT {
            return Err(too_long());
        }
        if !is_nfc(&text) {
            let normalised = normalise(&text)?;
            return Ok(Self(Arc::new(Forms { normalised, as_sent: Some(text) })));
        }
        if text.len() > LONGEST {
            return Err(too_long());
        }
        Ok(Self(Arc::new(Forms { normalised: text, as_sent: None })))
    }

    /// The normalised text: what is judged and hashed.
    pub(crate) fn text(&self) -> &str {
        &self.0.normalised
    }

    /// The normalised text, then the one that was sent where that is another.
    pub(crate) fn forms(&self) -> impl Iterator<Item = &[u8]> {
        let as_sent = self.0.as_sent.as_deref().map(String::as_bytes);
        [Some(self.text().as_bytes()), as_sent].into_iter().flatten()
    }

    /// Its length: each code point is a character.
    pub(super) fn characters(&self) -> usize {
        self.text().chars().count()
    }
}

fn normalise(text: &str) -> Result<Zeroizing<String>, Problem> {
    // All of it at once: a text that grows leaves its shorter copies behind.
    let mut normalised = Zeroizing::new(String::with_capacity(LONGEST));
    for character in text.nfc() {
        if normalised.len() + character.len_utf8() > LONGEST {
            return Err(too_long());
        }
        normalised.push(character);
    }
    Ok(normalised)
}

fn too_long() -> Problem {
    Problem::bad_request("password_too_long", "The password is too long")
        .detail(format!("At most {LONGEST} bytes in UTF-8: {LONGEST} letters of English, or {} emoji.", LONGEST / 4))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Option<Password> {
        Password::parse(text.to_owned()).ok()
    }

    #[test]
    fn two_ways_to_write_a_letter_are_one_password() {
        let (composed, decomposed) =
            (parse("caf\u{e9} \u{1e09}").unwrap(), parse("cafe\u{301} c\u{327}\u{301}").unwrap());
        assert_eq!(composed.text(), decomposed.text());
        assert_eq!(composed.forms().count(), 1);
        assert_eq!(
            decomposed.forms().collect::<Vec<_>>(),
            ["caf\u{e9} \u{1e09}".as_bytes(), "cafe\u{301} c\u{327}\u{301}".as_bytes()]
        );
    }

    #[test]
    fn compatible_letters_stay_apart() {
        // NFKC would take them for the same.
        assert_ne!(parse("\u{fb01}ne").unwrap().text(), parse("fine").unwrap().text());
    }

    #[test]
    fn nothing_is_trimmed_and_each_code_point_counts() {
        assert_eq!(parse("  two  spaces  ").unwrap().text(), "  two  spaces  ");
        assert_eq!(parse("\u{1f469}\u{200d}\u{1f52c}").unwrap().characters(), 3);
        assert_eq!(parse("e\u{301}").unwrap().characters(), 1);
        assert_eq!(parse("").unwrap().characters(), 0);
    }

    #[test]
    fn the_bound_is_on_the_normalised_bytes() {
        assert!(parse(&"x".repeat(LONGEST)).is_some());
        assert!(parse(&"x".repeat(LONGEST + 1)).is_none());
        // Three bytes sent, two normalised.
        assert!(parse(&"e\u{301}".repeat(LONGEST / 2)).is_some());
        assert!(parse(&"e\u{301}".repeat(LONGEST / 2 + 1)).is_none());
        // Four bytes sent, twelve normalised.
        assert!(parse(&"\u{1d160}".repeat(85)).is_some());
        assert!(parse(&"\u{1d160}".repeat(86)).is_none());
        assert!(parse(&"e\u{301}".repeat(LONGEST_AS_SENT)).is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_too_long(text in "\\PC{0,400}|(?s:.{0,2000})") {
            if let Some(password) = parse(&text) {
                prop_assert!(is_nfc(password.text()));
                prop_assert!(password.text().len() <= LONGEST);
                prop_assert_eq!(password.text(), text.nfc().collect::<String>());
            } else {
                prop_assert!(text.nfc().collect::<String>().len() > LONGEST);
            }
        }
    }
}
