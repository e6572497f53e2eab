use std::fmt;

use serde::{Deserialize, Serialize};
use shared::http::Problem;

/// Digits after the plus: E.164 allows 15, and no country has numbers of fewer than 8 with its code.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// A phone number in E.164: `+` and 8 to 15 digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads what a person typed.
    ///
    /// # Errors
    /// 400 `invalid_phone`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::read(text).ok_or_else(|| {
            Problem::bad_request("invalid_phone", "This is not a phone number in international form")
                .detail("Give one of the form +254711123456: a plus, the country code, the number, nothing between.")
        })
    }

    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.strip_prefix('+')?.as_bytes();
        let fits = DIGITS.contains(&digits.len()) && digits[0] != b'0' && digits.iter().all(u8::is_ascii_digit);
        fits.then(|| Self(text.to_owned()))
    }

    /// The number, which is written in one form only: to send to, and for blind indexes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What may be shown to whoever has not proved to own it: `+2***56`.
    pub fn masked(&self) -> String {
        format!("{}***{}", &self.0[..2], &self.0[self.0.len() - 2..])
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::read(&text).ok_or("not a phone number")
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

/// A number tells who somebody is: it stays out of logs.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_plus_and_8_to_15_digits() {
        let number = PhoneNumber::parse(" +254711123456 ").unwrap();
        assert_eq!((number.as_str(), number.masked().as_str()), ("+254711123456", "+2***56"));
        assert_eq!(format!("{number:?}"), "PhoneNumber(..)");
        for right in ["+12345678", "+123456789012345"] {
            assert!(PhoneNumber::parse(right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "+",
            "0711123456",
            "254711123456",
            "+1234567",
            "+1234567890123456",
            "+0711123456",
            "+254 711 123456",
            "+254-711-123456",
            "++254711123456",
            "+25471112345x",
            "+\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}\u{668}",
            "+254711123456\r\nX: y",
        ] {
            assert!(PhoneNumber::parse(wrong).is_err(), "{wrong:?} is taken");
        }
    }

    #[test]
    fn is_read_back_with_the_same_rules() {
        let number: PhoneNumber = serde_json::from_str("\"+254711123456\"").unwrap();
        assert_eq!(serde_json::to_string(&number).unwrap(), "\"+254711123456\"");
        assert!(serde_json::from_str::<PhoneNumber>("\"0711\"").is_err());
    }
}
