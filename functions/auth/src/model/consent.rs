use axum::http::StatusCode;
use shared::http::Problem;

/// What is consented to: `research`, `terms`. A name of the application's, never of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Purpose(String);

impl Purpose {
    const LONGEST: usize = 64;

    /// Reads one: 1 to 64 lower-case letters, digits and `-` `_` `.`.
    ///
    /// # Errors
    /// 400 `invalid_purpose`.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        if (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(letter) {
            return Ok(Self(text.to_owned()));
        }
        Err(Problem::bad_request("invalid_purpose", "That names no purpose")
            .detail("A purpose is 1 to 64 lower-case letters, digits and the signs - _ and ."))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text that was shown: which version of it, in which language, and its SHA-256, by which anybody can show later what
/// it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsentText {
    pub(crate) version: String,
    pub(crate) hash: [u8; 32],
    pub(crate) locale: Option<String>,
}

impl ConsentText {
    /// Reads the parts.
    ///
    /// # Errors
    /// 400 `invalid_version`, `invalid_hash` or `invalid_locale`.
    pub(crate) fn parse(version: &str, sha256: &str, locale: Option<&str>) -> Result<Self, Problem> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(plain);
        if !fits(version, 32) {
            return Err(Problem::bad_request("invalid_version", "That names no version")
                .detail("A version is 1 to 32 letters, digits and the signs - _ and ."));
        }
        if locale.is_some_and(|locale| !fits(locale, 35)) {
            return Err(Problem::bad_request("invalid_locale", "The locale is a language tag such as pt-BR"));
        }
        let hash = unhex(sha256).ok_or_else(|| {
            Problem::bad_request("invalid_hash", "The hash is the text's SHA-256 in 64 hexadecimal digits")
        })?;
        Ok(Self { version: version.to_owned(), hash, locale: locale.map(str::to_owned) })
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(hash)
}

/// 409 where a user has decided about more purposes than an application has.
pub(crate) fn too_many_purposes() -> Problem {
    Problem::new(StatusCode::CONFLICT, "too_many_purposes", "There are consents to 50 purposes already")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_is_a_plain_name() {
        assert_eq!(Purpose::parse("research.2026").unwrap().as_str(), "research.2026");
        for wrong in ["", "Research", "a b", "ä", "a/b", "a\0", &"x".repeat(65)] {
            assert!(Purpose::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_text_is_named_by_version_hash_and_locale() {
        let hash = "0F".repeat(32);
        let text = ConsentText::parse("2.1", &hash, Some("pt-BR")).unwrap();
        assert_eq!((text.hash, text.locale.as_deref()), ([0x0f; 32], Some("pt-BR")));
        for (version, hash, locale) in [
            ("", hash.as_str(), None),
            ("1 0", &hash, None),
            ("1", "0f", None),
            ("1", &"0g".repeat(32), None),
            ("1", &"é".repeat(32), None),
            ("1", &hash, Some("")),
            ("1", &hash, Some("pt BR")),
        ] {
            assert!(ConsentText::parse(version, hash, locale).is_err(), "{version} {hash} {locale:?}");
        }
    }
}
