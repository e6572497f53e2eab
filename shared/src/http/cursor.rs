//! Cursors of lists that are in the order of their ids.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::Problem;

/// Where the next page of a list begins: opaque to clients, so that what it holds can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdCursor(Uuid);

impl IdCursor {
    /// The page behind an item.
    pub fn behind(id: Uuid) -> Self {
        Self(id)
    }

    /// Reads what a page's answer gave.
    ///
    /// # Errors
    /// 400 `invalid_cursor`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok());
        bytes.map(Self).ok_or_else(|| {
            Problem::bad_request("invalid_cursor", "The cursor is none of this list's")
                .detail("Send next_cursor of the page before as it came, or none for the first page.")
        })
    }

    /// The last item of the page before.
    pub fn id(self) -> Uuid {
        self.0
    }

    /// As it is told.
    pub fn text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_told_and_nothing_else_is_one() {
        let cursor = IdCursor::behind(Uuid::from_u128(7));
        assert_eq!(IdCursor::parse(&cursor.text()).unwrap(), cursor);
        for wrong in ["", "AA", "not a cursor", &format!("{}A", cursor.text()), &Uuid::nil().to_string()] {
            assert!(IdCursor::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
