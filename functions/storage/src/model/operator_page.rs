//! Which operators a list shows, and from where on.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use shared::http::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

use super::operator::LONGEST_KEY;
use super::{DirectoryStatus, search_key};

const USUAL_PAGE: i32 = 20;
const LARGEST_PAGE: i32 = 50;
const LONGEST_SEARCH: usize = 100;

/// By what a list is sorted; `-` in front turns it round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum Sort {
    #[default]
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "-name")]
    NameDown,
    #[serde(rename = "created_at")]
    Created,
    #[serde(rename = "-created_at")]
    CreatedDown,
    #[serde(rename = "updated_at")]
    Updated,
    #[serde(rename = "-updated_at")]
    UpdatedDown,
}

impl Sort {
    const ALL: [Self; 6] =
        [Self::Name, Self::NameDown, Self::Created, Self::CreatedDown, Self::Updated, Self::UpdatedDown];

    /// The column.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Name | Self::NameDown => "name",
            Self::Created | Self::CreatedDown => "created_at",
            Self::Updated | Self::UpdatedDown => "updated_at",
        }
    }

    /// Whether the greatest comes first.
    pub(crate) fn is_descending(self) -> bool {
        matches!(self, Self::NameDown | Self::CreatedDown | Self::UpdatedDown)
    }

    fn number(self) -> u8 {
        Self::ALL.iter().position(|sort| *sort == self).and_then(|at| u8::try_from(at).ok()).unwrap_or_default()
    }
}

/// Where a page begins: behind an operator, in one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageStart {
    /// What the last operator of the page before is sorted by.
    pub(crate) key: String,
    /// Its id.
    pub(crate) id: Uuid,
}

impl PageStart {
    /// As it is told: opaque to clients, so that what it holds can change.
    pub(crate) fn text(&self, sort: Sort) -> String {
        URL_SAFE_NO_PAD.encode([&[sort.number()], self.id.as_bytes().as_slice(), self.key.as_bytes()].concat())
    }

    fn parse(text: &str, sort: Sort) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (number, rest) = bytes.split_first()?;
        let (id, key) = rest.split_at_checked(16)?;
        let key = String::from_utf8(key.to_vec()).ok()?;
        let fits = *number == sort.number() && key.len() <= LONGEST_KEY && !key.contains('\0');
        fits.then_some(Self { key, id: Uuid::from_slice(id).ok()? })
    }
}

/// Words of which each stands somewhere in the name or a service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search(Vec<String>);

impl Search {
    fn parse(text: &str) -> Result<Self, Problem> {
        let fits = text.chars().count() <= LONGEST_SEARCH && !text.chars().any(char::is_control);
        if !fits {
            return Err(Problem::bad_request("invalid_search", "A search has at most 100 printable characters"));
        }
        Ok(Self(search_key(text).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()))
    }

    /// The words.
    pub(crate) fn words(&self) -> &[String] {
        &self.0
    }

    /// A LIKE pattern for each word, in which nothing of the word means anything but itself.
    pub(crate) fn patterns(&self) -> Vec<String> {
        let escaped = |word: &String| word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        self.0.iter().map(|word| format!("%{}%", escaped(word))).collect()
    }
}

/// A page of the list, parsed.
#[derive(Clone, Debug)]
pub(crate) struct OperatorQuery {
    pub(crate) sort: Sort,
    pub(crate) limit: i32,
    pub(crate) after: Option<PageStart>,
    pub(crate) search: Search,
    pub(crate) status: Option<DirectoryStatus>,
    /// The search key of a service's whole name.
    pub(crate) service: Option<String>,
}

impl OperatorQuery {
    /// Reads the parts of a query.
    ///
    /// # Errors
    /// 400 `invalid_limit`, `invalid_cursor`, `invalid_search` or `invalid_service`.
    pub(crate) fn parse(
        (limit, cursor): (Option<i32>, Option<&str>),
        sort: Option<Sort>,
        (search, service): (Option<&str>, Option<&str>),
        status: Option<DirectoryStatus>,
    ) -> Result<Self, Problem> {
        let (sort, limit) = (sort.unwrap_or_default(), limit.unwrap_or(USUAL_PAGE));
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(Problem::bad_request("invalid_limit", "A page has 1 to 50 operators"));
        }
        let after = cursor.map(|cursor| {
            PageStart::parse(cursor, sort).ok_or_else(|| {
                Problem::bad_request("invalid_cursor", "The cursor is none of this list's").detail(
                    "Send next_cursor of the page before as it came, in the same order, or none for the first page.",
                )
            })
        });
        let service = service.map(|name| {
            let fits = name.chars().count() <= 200 && !name.chars().any(char::is_control);
            let key = Some(search_key(name)).filter(|key| fits && !key.is_empty());
            key.ok_or_else(|| Problem::bad_request("invalid_service", "A service is named by 1 to 200 characters"))
        });
        Ok(Self {
            sort,
            limit,
            after: after.transpose()?,
            search: search.map(Search::parse).transpose()?.unwrap_or_default(),
            status,
            service: service.transpose()?,
        })
    }

    /// The query in one line, for the cache to know it by; equal for queries that mean the same.
    pub(crate) fn line(&self) -> String {
        let after = self.after.as_ref().map(|start| start.text(self.sort));
        let status = self.status.map(DirectoryStatus::name);
        format!(
            "{:?}\n{}\n{}\n{}\n{}\n{}",
            self.sort,
            self.limit,
            status.unwrap_or_default(),
            self.service.as_deref().unwrap_or_default(),
            after.unwrap_or_default(),
            self.search.words().join(" "),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(cursor: Option<&str>, sort: Sort, search: Option<&str>) -> Result<OperatorQuery, Problem> {
        OperatorQuery::parse((None, cursor), Some(sort), (search, None), None)
    }

    #[test]
    fn a_cursor_is_of_its_own_order() {
        let start = PageStart { key: "clinic".into(), id: Uuid::from_u128(7) };
        for sort in Sort::ALL {
            let text = start.text(sort);
            assert_eq!(parse(Some(&text), sort, None).unwrap().after.as_ref(), Some(&start));
            for other in Sort::ALL.into_iter().filter(|other| *other != sort) {
                assert_eq!(parse(Some(&text), other, None).unwrap_err().summary().0, "invalid_cursor");
            }
        }
        let nul = PageStart { key: "\0".into(), id: Uuid::nil() }.text(Sort::Name);
        for wrong in ["", "A", "AAAA", "..", nul.as_str()] {
            assert!(parse(Some(wrong), Sort::Name, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_means_something_to_like_is_escaped() {
        let patterns = |text| parse(None, Sort::Name, Some(text)).unwrap().search.patterns();
        assert_eq!(patterns("100%  Zürich_\\"), ["%100\\%%", "%zurich\\_\\\\%"]);
        assert!(patterns("  ").is_empty());
        assert!(parse(None, Sort::Name, Some("a\0b")).is_err());
        assert!(parse(None, Sort::Name, Some(&"x".repeat(101))).is_err());
    }

    #[test]
    fn queries_that_mean_the_same_are_one_line() {
        let line = |text| parse(None, Sort::Name, Some(text)).unwrap().line();
        assert_eq!(line(" ZÜRICH  klinik"), line("zurich klinik"));
        assert_ne!(line("a"), line("b"));
    }
}
