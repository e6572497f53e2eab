//! Text of the directory: bounded, printable, and in one form to be found by.

use shared::http::Problem;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One line of 1 to `most` characters, none of which is invisible; spaces around it are taken off.
///
/// # Errors
/// 400 `invalid_operator`, which names the field and never its value.
pub(super) fn line(field: &str, text: &str, most: usize) -> Result<String, Problem> {
    let text = text.trim();
    let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(|c| c.is_control() || is_hidden(c));
    if fits { Ok(text.to_owned()) } else { Err(invalid(format!("{field}: 1 to {most} printable characters."))) }
}

/// Text of 1 to `most` characters on any number of lines.
pub(super) fn paragraph(field: &str, text: &str, most: usize) -> Result<String, Problem> {
    let text = text.trim();
    let wrong = |c: char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || is_hidden(c);
    let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(wrong);
    if fits { Ok(text.to_owned()) } else { Err(invalid(format!("{field}: 1 to {most} printable characters."))) }
}

/// 400 of what is no operator; says which member and what it has to be.
pub(super) fn invalid(detail: String) -> Problem {
    Problem::bad_request("invalid_operator", "A member of the operator is not of its form").detail(detail)
}

/// Characters nobody sees, and those that turn the direction of what follows: two names that look alike would differ.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The form in which text is found and told apart: without case, accents and doubled spaces.
pub(crate) fn search_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for c in
        text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c))
    {
        match c {
            // What has no decomposition, but is typed without its stroke or as two letters.
            'ø' => key.push('o'),
            'ł' => key.push('l'),
            'đ' | 'ð' => key.push('d'),
            'ı' => key.push('i'),
            'ß' => key.push_str("ss"),
            'æ' => key.push_str("ae"),
            'œ' => key.push_str("oe"),
            'þ' => key.push_str("th"),
            c => key.push(c),
        }
    }
    key.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An email address of a contact, as it was given.
#[derive(Clone, Debug)]
pub(crate) struct Email(String);

impl Email {
    const LONGEST: usize = 254;

    /// Reads one: something before and behind one `@`, and nothing that can't be seen.
    ///
    /// # Errors
    /// 400 `invalid_email`.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let parts = text.split_once('@').filter(|(local, domain)| !local.is_empty() && domain.contains(|c| c != '.'));
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !is_hidden(c);
        let fits = text.len() <= Self::LONGEST
            && text.chars().all(plain)
            && parts.is_some_and(|(_, domain)| !domain.contains('@'));
        fits.then(|| Self(text.to_owned())).ok_or_else(|| {
            Problem::bad_request("invalid_email", "That is no email address").detail("As in name@example.org.")
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is found by.
    pub(crate) fn canonical(&self) -> String {
        self.0.nfkc().flat_map(char::to_lowercase).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_alike_has_one_key() {
        for (text, key) in [
            ("Ärztehaus  München", "arztehaus munchen"),
            ("ＡＢＣ", "abc"),
            ("Smørrebrød & Łódź", "smorrebrod & lodz"),
            ("Straße", "strasse"),
            ("İstanbul ISIK ışık", "istanbul isik isik"),
            ("50%_\\", "50%_\\"),
            ("клиника", "клиника"),
        ] {
            assert_eq!(search_key(text), key);
            assert_eq!(search_key(key), key, "a key is its own");
        }
    }

    #[test]
    fn a_line_is_bounded_and_printable() {
        assert_eq!(line("name", "  A b ", 3).unwrap(), "A b");
        for wrong in ["", "  ", "a\nb", "a\0", "a\u{202e}b", "a\u{200b}", "abcd"] {
            let problem = line("name", wrong, 3).unwrap_err();
            assert_eq!(problem.summary().0, "invalid_operator", "{wrong:?}");
        }
        assert_eq!(paragraph("description", "a\nb", 3).unwrap(), "a\nb");
        assert!(paragraph("description", "a\0b", 3).is_err());
    }

    #[test]
    fn an_address_has_two_sides() {
        assert_eq!(Email::parse(" Ada@Example.ORG ").unwrap().canonical(), "ada@example.org");
        for wrong in ["", "ada", "@example.org", "ada@", "a@b@c", "a b@c", "a@.", "a\0@b"] {
            assert!(Email::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
