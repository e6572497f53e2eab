use std::fmt;

use serde::{Deserialize, Serialize};
use shared::http::Problem;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use url::Host;

/// RFC 5321, section 4.5.3.1, with the correction of erratum 1690.
const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;

/// An email address as its owner writes it, at most 254 bytes, without quotes, comments or invisible characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    text: String,
    at: usize,
}

impl EmailAddress {
    /// Reads what a person typed.
    ///
    /// # Errors
    /// 400 `invalid_email`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::read(text).ok_or_else(|| {
            Problem::bad_request("invalid_email", "This is not an email address")
                .detail("Give one of the form name@example.org, without quotes, comments or invisible characters.")
        })
    }

    fn read(text: &str) -> Option<Self> {
        let text: String = text.trim().nfc().collect();
        // A compatibility character reads as another one: whoever owns such an address could pass for the owner of the
        // plain one.
        if !text.nfkc().eq(text.chars()) {
            return None;
        }
        let (local, domain) = text.rsplit_once('@')?;
        let domain = ascii_domain(domain)?;
        let address = Self { at: local.len(), text: format!("{local}@{domain}") };
        let sendable = lettre::Address::new(local, &domain).is_ok();
        (is_local_part(local) && sendable && address.text.len() <= LONGEST).then_some(address)
    }

    /// The address to send to.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form in which two addresses are the same: what blind indexes are made of.
    pub fn canonical(&self) -> String {
        self.text.to_lowercase().nfkc().collect()
    }

    /// What may be shown to whoever has not proved to own it: `a***@e***.org`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.text.split_at(self.at);
        let domain = domain.trim_start_matches('@');
        let last = domain.rsplit('.').next().unwrap_or_default();
        let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
        format!("{}***@{}***.{last}", first(local), first(domain))
    }
}

/// What stands before the `@`: atoms with dots between them (RFC 5321's `Dot-string`, with the letters of RFC 6531).
fn is_local_part(local: &str) -> bool {
    let letter = |c: char| {
        if c.is_ascii() {
            c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
        } else {
            c.is_alphanumeric() || is_combining_mark(c)
        }
    };
    local.len() <= LONGEST_LOCAL && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(letter))
}

/// The domain as it is looked up: one with other letters in the form of IDNA, one of ASCII as it is.
fn ascii_domain(domain: &str) -> Option<String> {
    let letter = |c: char| c.is_alphanumeric() || is_combining_mark(c) || c == '-';
    let labels = domain.split('.').all(|label| !label.is_empty() && label.chars().all(letter));
    if !labels || !domain.contains('.') {
        return None;
    }
    match Host::parse(domain).ok()? {
        Host::Domain(_) if domain.is_ascii() => Some(domain.to_owned()),
        Host::Domain(ascii) => Some(ascii),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::read(&text).ok_or("not an email address")
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.text
    }
}

/// An address tells who somebody is: it stays out of logs.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        EmailAddress::parse(text).unwrap().canonical()
    }

    #[test]
    fn is_kept_as_typed_and_found_in_one_form() {
        let address = EmailAddress::parse(" Ada.Lovelace+ward@Example.ORG\n").unwrap();
        assert_eq!(address.as_str(), "Ada.Lovelace+ward@Example.ORG");
        assert_eq!(address.canonical(), "ada.lovelace+ward@example.org");
        assert_eq!(address.masked(), "A***@E***.ORG");
        // Composed and decomposed letters are the same, and so are the two forms of a domain.
        assert_eq!(canonical("Jos\u{e9}@x.example"), canonical("jose\u{301}@X.example"));
        assert_eq!(canonical("a@Bücher.example"), "a@xn--bcher-kva.example");
    }

    #[test]
    fn what_is_no_address_or_could_pass_for_another_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        let longer = format!("a@{}org", "label.".repeat(45));
        for wrong in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@localhost",
            "ada@example..org",
            "ada@.example.org",
            "ada@example.org.",
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "ada@exa%6dple.org",
            "a@b@example.org",
            ".ada@example.org",
            "ada..l@example.org",
            "\"ada\"@example.org",
            "Ada <ada@example.org>",
            "ada@example.org, eve@example.org",
            "ada@example.org\r\nBcc: eve@example.org",
            "ada\u{0}@example.org",
            "a da@example.org",
            // Invisible: zero width space, right-to-left override, soft hyphen.
            "a\u{200b}da@example.org",
            "ada\u{202e}@example.org",
            "ada@exam\u{ad}ple.org",
            // Compatibility forms: fullwidth a, the ligature fi, a fullwidth at sign, a circled e.
            "\u{ff41}da@example.org",
            "\u{fb01}sh@example.org",
            "eve\u{ff20}ada@example.org",
            "ada@\u{24d4}xample.org",
            &long,
            &longer,
        ] {
            assert!(EmailAddress::parse(wrong).is_err(), "{wrong:?} is taken");
        }
        // The Kelvin sign is another way to write K, not another letter: mail goes to the plain address.
        assert_eq!(EmailAddress::parse("\u{212a}im@example.org").unwrap().as_str(), "Kim@example.org");
    }

    #[test]
    fn does_not_print_itself_and_is_read_back_with_the_same_rules() {
        let address = EmailAddress::parse("ada@example.org").unwrap();
        assert_eq!(format!("{address:?}"), "EmailAddress(..)");
        let json = serde_json::to_string(&address).unwrap();
        assert_eq!(serde_json::from_str::<EmailAddress>(&json).unwrap(), address);
        assert!(serde_json::from_str::<EmailAddress>("\"ada\"").is_err());
    }
}
