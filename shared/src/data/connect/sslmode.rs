//! `sslmode=verify-full`, which tokio-postgres has no word for: it leaves it to the TLS library what is verified, and
//! ours verifies the certificate and its name in every mode that encrypts.

use std::borrow::Cow;
use std::ops::Range;

const KEY: &str = "sslmode";
const VERIFY_FULL: &str = "verify-full";
const REQUIRE: &str = "require";

/// A libpq URL, or its key=value form, with `require` in place of `verify-full`.
pub(super) fn understood(text: &str) -> Cow<'_, str> {
    let values = parameters_of_url(text).unwrap_or_else(|| keywords(text));
    let mut text = Cow::Borrowed(text);
    for place in values.into_iter().rev() {
        if matches!(&text[place.clone()], VERIFY_FULL | "'verify-full'") {
            text.to_mut().replace_range(place, REQUIRE);
        }
    }
    text
}

/// Where the modes stand in a URL's query.
fn parameters_of_url(text: &str) -> Option<Vec<Range<usize>>> {
    let (_, rest) = text.split_once("://").filter(|(scheme, _)| ["postgres", "postgresql"].contains(scheme))?;
    // A question mark may stand in a password.
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let mut at = text.len() - query.len();
    let mut found = Vec::new();
    for pair in query.split('&') {
        if let Some((KEY, value)) = pair.split_once('=') {
            found.push(at + pair.len() - value.len()..at + pair.len());
        }
        at += pair.len() + 1;
    }
    Some(found)
}

/// Where the modes stand in the key=value form. What can't be read ends the search: tokio-postgres will say so.
fn keywords(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some((key, after)) = rest.split_once('=') {
        let value = after.trim_start();
        let length = value_length(value);
        let start = text.len() - value.len();
        if key.trim_end() == KEY {
            found.push(start..start + length);
        }
        rest = value[length..].trim_start();
    }
    found
}

/// The length of the value at the beginning of a text, with its quotes.
fn value_length(text: &str) -> usize {
    let quoted = text.starts_with('\'');
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '\'' if quoted => return at + 1,
            space if !quoted && space.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_verification_is_what_require_is_here() {
        for (text, wanted) in [
            ("postgres://u@h/d?sslmode=verify-full", "postgres://u@h/d?sslmode=require"),
            ("postgresql://h?a=b&sslmode=verify-full&c=d", "postgresql://h?a=b&sslmode=require&c=d"),
            ("postgres://u:a?sslmode=verify-full@h/d", "postgres://u:a?sslmode=verify-full@h/d"),
            ("postgres://u@h/sslmode=verify-full", "postgres://u@h/sslmode=verify-full"),
            ("postgres://u@h/d?sslmode=verify-fuller", "postgres://u@h/d?sslmode=verify-fuller"),
            ("host=h sslmode=verify-full user=u", "host=h sslmode=require user=u"),
            (" sslmode = 'verify-full'", " sslmode = require"),
            (r"password='a\' sslmode=verify-full ' user=u", r"password='a\' sslmode=verify-full ' user=u"),
            (r"password=a\ sslmode=verify-full", r"password=a\ sslmode=verify-full"),
            ("password=ä sslmode=verify-full", "password=ä sslmode=require"),
            ("password='unended sslmode=verify-full", "password='unended sslmode=verify-full"),
            ("sslmode", "sslmode"),
            ("", ""),
        ] {
            assert_eq!(understood(text), wanted);
        }
    }
}
