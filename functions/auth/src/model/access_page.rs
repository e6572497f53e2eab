use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use shared::http::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

const USUAL_PAGE: i64 = 20;
const LARGEST_PAGE: i64 = 100;

/// Whose accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AccessBy {
    /// The caller's own.
    Me,
    /// Everybody else's.
    Others,
}

/// Where a page of the access log begins: behind an access. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccessStart {
    pub(crate) at: Timestamp,
    pub(crate) id: Uuid,
}

impl AccessStart {
    /// As it is told.
    pub(crate) fn text(self) -> String {
        let moment = self.at.as_microsecond().to_be_bytes();
        URL_SAFE_NO_PAD.encode([moment.as_slice(), self.id.as_bytes()].concat())
    }

    /// # Errors
    /// 400 `invalid_cursor`.
    fn parse(text: &str) -> Result<Self, Problem> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (moment, id) = bytes.split_first_chunk::<8>()?;
            let at = Timestamp::from_microsecond(i64::from_be_bytes(*moment)).ok()?;
            Some(Self { at, id: Uuid::from_slice(id).ok()? })
        };
        read().ok_or_else(|| {
            Problem::bad_request("invalid_cursor", "The cursor is none of this list's")
                .detail("Send next_cursor of the page before as it came, or none for the first page.")
        })
    }
}

/// A page of the access log, parsed. Its bounds always are some: without them the database would look through more than
/// the page needs.
#[derive(Clone, Debug)]
pub(crate) struct AccessQuery {
    pub(crate) limit: i64,
    /// The first moment, at or after 1970.
    pub(crate) since: Timestamp,
    /// The last moment, at or before now.
    pub(crate) until: Timestamp,
    /// Within the last moment, only ids below this one.
    pub(crate) below: Option<Uuid>,
    pub(crate) by: Option<AccessBy>,
    pub(crate) action: Option<String>,
}

impl AccessQuery {
    /// Reads the parts of a query at `now`.
    ///
    /// # Errors
    /// 400 `invalid_limit`, `invalid_cursor` or `invalid_action`.
    pub(crate) fn parse(
        (limit, cursor): (Option<i64>, Option<&str>),
        (by, action): (Option<AccessBy>, Option<String>),
        (since, until): (Option<Timestamp>, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(USUAL_PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(Problem::bad_request("invalid_limit", "A page has 1 to 100 accesses"));
        }
        let letter = |byte: u8| byte.is_ascii_lowercase() || b"_.".contains(&byte);
        if action.as_deref().is_some_and(|name| !(1..=64).contains(&name.len()) || !name.bytes().all(letter)) {
            return Err(Problem::bad_request("invalid_action", "An action is named as in chat.read"));
        }
        let start = cursor.map(AccessStart::parse).transpose()?;
        let until = until.unwrap_or(now).min(now);
        let within = |start: &AccessStart| start.at <= until;
        Ok(Self {
            limit,
            since: since.unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH),
            until: start.map_or(until, |start| start.at.min(until)).max(Timestamp::UNIX_EPOCH),
            below: start.filter(within).map(|start| start.id),
            by,
            action,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn bounds_stay_within_what_there_can_be() {
        let now = at("2026-03-14T15:09:26Z");
        let parse = |since, until| AccessQuery::parse((None, None), (None, None), (since, until), now).unwrap();
        let all = parse(None, None);
        assert_eq!((all.since, all.until, all.below), (Timestamp::UNIX_EPOCH, now, None));
        let wide = parse(Some(Timestamp::MIN), Some(Timestamp::MAX));
        assert_eq!((wide.since, wide.until), (Timestamp::UNIX_EPOCH, now));
        assert_eq!(parse(None, Some(Timestamp::MIN)).until, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_cursor_goes_on_where_it_was_told() {
        let now = at("2026-03-14T15:09:26Z");
        let start = AccessStart { at: at("2026-03-01T00:00:00.000001Z"), id: Uuid::from_u128(7) };
        let parse = |cursor: &str, until| AccessQuery::parse((None, Some(cursor)), (None, None), (None, until), now);
        let page = parse(&start.text(), None).unwrap();
        assert_eq!((page.until, page.below), (start.at, Some(start.id)));
        let earlier = parse(&start.text(), Some(at("2026-02-01T00:00:00Z"))).unwrap();
        assert_eq!((earlier.until, earlier.below), (at("2026-02-01T00:00:00Z"), None));
        let far = [i64::MAX.to_be_bytes().as_slice(), &[0; 16]].concat();
        for wrong in ["", "AA", "..", &URL_SAFE_NO_PAD.encode(far)] {
            assert_eq!(parse(wrong, None).unwrap_err().summary().0, "invalid_cursor", "{wrong}");
        }
    }
}
