use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::http::Problem;
use shared::vault::BlindIndex;

/// Where the next page of keys begins: behind the index of one. Opaque to clients, so that what it holds can change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor(Vec<u8>);

impl Cursor {
    /// The page behind a key's index.
    pub(crate) fn behind(index: &[u8]) -> Self {
        Self(index.to_vec())
    }

    /// Reads what a page's answer gave.
    ///
    /// # Errors
    /// 400 `invalid_cursor`.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == BlindIndex::LENGTH);
        bytes.map(Self).ok_or_else(|| {
            Problem::bad_request("invalid_cursor", "The cursor is none of this list's")
                .detail("Send next_cursor of the page before as it came, or none for the first page.")
        })
    }

    /// The index of the last key of the page before; nothing on the first.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it is told.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_told_and_nothing_else_is_one() {
        let cursor = Cursor::behind(&[1; BlindIndex::LENGTH]);
        assert_eq!(Cursor::parse(&cursor.text()).ok().unwrap(), cursor);
        for wrong in ["", "AA", "not a cursor", &format!("{}A", cursor.text())] {
            assert!(Cursor::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
