use serde::{Deserialize, Serialize};
use shared::http::Problem;

use super::visible::{canonical, is_visible, line, reads_as_an_address, words};

/// What a user signs in by: 1 to 64 visible characters, kept as they are typed.
///
/// Look-alikes are not caught: `аda` with a Cyrillic `а` is a name of its own beside `ada` (UTS #39 is not applied). Where
/// it matters who somebody is, their id tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Username(String);

impl Username {
    /// Reads what a person typed.
    ///
    /// # Errors
    /// 400 `invalid_username`.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let name = line(text, is_visible).filter(|name| {
            let canonical = canonical(name);
            canonical.chars().all(is_visible) && !reads_as_an_address(&canonical)
        });
        name.map(Self).ok_or_else(|| {
            Problem::bad_request("invalid_username", "The username has to be 1 to 64 visible characters").detail(
                "Letters, digits, signs and single spaces; nothing invisible, no control or private-use character, and nothing \
                 that reads as an email address or a phone number.",
            )
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }

    /// The form in which two usernames are the same: compatibility forms, case and runs of spaces make no difference.
    pub(crate) fn canonical(&self) -> String {
        canonical(&self.0)
    }
}

/// What a user is called: 1 to 64 characters. Unlike a username it may hold the joiners that Persian, Sinhala and emoji
/// are written with, each between two other characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DisplayName(String);

impl DisplayName {
    /// Reads what a person typed.
    ///
    /// # Errors
    /// 400 `invalid_display_name`.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        words(text).map(Self).ok_or_else(|| {
            Problem::bad_request("invalid_display_name", "The display name has to be 1 to 64 visible characters")
                .detail("Nothing invisible, no control or private-use character.")
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// What a user calls a passkey or a device: of the form of a display name.
#[derive(Clone, Debug)]
pub(crate) struct Label(String);

impl Label {
    /// Reads what a person typed.
    ///
    /// # Errors
    /// 400 `invalid_name`.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        words(text).map(Self).ok_or_else(|| {
            Problem::bad_request("invalid_name", "The name has to be 1 to 64 visible characters")
                .detail("Nothing invisible, no control or private-use character.")
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::visible::joins;
    use super::*;

    fn username(text: &str) -> Username {
        Username::parse(text).unwrap_or_else(|_| panic!("{text:?} is refused"))
    }

    #[test]
    fn names_are_trimmed_single_spaced_and_bounded() {
        assert_eq!(username(" Ada\u{a0} \u{3000}Lovelace\t").as_str(), "Ada Lovelace");
        assert_eq!(DisplayName::parse("\nAda  Lovelace ").unwrap().as_str(), "Ada Lovelace");
        for wrong in ["", "   ", "\u{301}a", "a\u{0}b", "a\nb", "a\tb", &"x".repeat(65)] {
            assert!(Username::parse(wrong).is_err(), "{wrong:?}");
            assert!(DisplayName::parse(wrong).is_err(), "{wrong:?}");
            assert!(Label::parse(wrong).is_err(), "{wrong:?}");
        }
        for address in
            ["ada@example.org", "@ada", "\u{ff20}da", "+254700000001", "+254 (700) 000-001", "00254700000001"]
        {
            assert!(Username::parse(address).is_err(), "{address:?}");
            assert!(DisplayName::parse(address).is_ok(), "{address:?}");
        }
        for name in ["ada+lovelace", "+1", "0012", "00712345"] {
            assert!(Username::parse(name).is_ok(), "{name:?}");
        }
        assert!(DisplayName::parse(&"é".repeat(64)).is_ok());
        assert!(Username::parse(&"e\u{301}".repeat(64)).is_ok(), "counted in composed form");
    }

    #[test]
    fn one_name_however_it_is_typed() {
        for (one, other) in [
            ("ADA", "ada"),
            ("Ada  Lovelace", "ada lovelace"),
            ("José", "jose\u{301}"),
            // Fullwidth, a ligature, a circled letter, the Kelvin sign.
            ("\u{ff21}da", "ada"),
            ("\u{fb01}sh", "fish"),
            ("\u{24d0}da", "ada"),
            ("\u{212a}im", "kim"),
            ("ΟΔΟΣ", "οδος"),
        ] {
            assert_eq!(username(one).canonical(), username(other).canonical(), "{one} and {other}");
        }
        // Look-alikes of another script stay apart.
        assert_ne!(username("аda").canonical(), username("ada").canonical());
    }

    #[test]
    fn what_can_not_be_seen_stands_in_no_username() {
        for unseen in [
            // Zero width: space, non-joiner, joiner, no-break space, word joiner; soft hyphen.
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{feff}',
            '\u{2060}',
            '\u{ad}',
            // Bidirectional controls.
            '\u{200e}',
            '\u{200f}',
            '\u{61c}',
            '\u{202a}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            // Separators of lines and paragraphs, next line.
            '\u{2028}',
            '\u{2029}',
            '\u{85}',
            // Private use, unassigned, a non-character.
            '\u{e000}',
            '\u{10fffd}',
            '\u{378}',
            '\u{ffff}',
            // Hangul fillers, the empty Braille pattern, variation selectors, the grapheme joiner, a tag.
            '\u{115f}',
            '\u{1160}',
            '\u{3164}',
            '\u{ffa0}',
            '\u{2800}',
            '\u{fe0f}',
            '\u{180b}',
            '\u{e0100}',
            '\u{34f}',
            '\u{e0061}',
        ] {
            assert!(Username::parse(&format!("a{unseen}b")).is_err(), "{unseen:?}");
            assert_eq!(DisplayName::parse(&format!("a{unseen}b")).is_ok(), joins(unseen), "{unseen:?}");
        }
    }

    #[test]
    fn a_display_name_joins_what_belongs_together() {
        for right in ["می\u{200c}خواهم", "👩\u{200d}👩\u{200d}👧", "\u{2764}\u{fe0f}\u{200d}🔥", "\u{2764}\u{fe0f}"]
        {
            assert_eq!(DisplayName::parse(right).unwrap().as_str(), right);
        }
        for wrong in [
            "\u{200d}a",
            "a\u{200d}",
            "a\u{200d}\u{200d}b",
            "a \u{200c}b",
            "a\u{200c} b",
            "\u{fe0f}a",
            "a\u{fe0f}\u{fe0f}",
        ] {
            assert!(DisplayName::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn each_character_has_one_canonical_form() {
        for c in ('\u{0}'..=char::MAX).filter(|c| is_visible(*c)) {
            let once = canonical(&c.to_string());
            assert_eq!(canonical(&once), once, "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn a_canonical_name_is_its_own_canonical_form(text in "\\PC{0,80}") {
            let once = canonical(&text);
            prop_assert_eq!(canonical(&once), once);
        }

        #[test]
        fn a_name_that_was_taken_is_taken_again(text in any::<String>()) {
            if let Ok(name) = Username::parse(&text) {
                prop_assert_eq!(&Username::parse(name.as_str()).unwrap(), &name);
            }
            if let Ok(name) = DisplayName::parse(&text) {
                prop_assert_eq!(&DisplayName::parse(name.as_str()).unwrap(), &name);
            }
        }
    }
}
