//! Conditional requests (RFC 9110, section 13) on resources whose entity tag is their version.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Problem;

/// The entity tag of a version.
pub fn entity_tag(version: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The entity tags a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`: whatever there is.
    Any,
    /// These: each whether it is weak, and what stands between its quotes.
    These(Vec<(bool, String)>),
}

impl EntityTags {
    /// What `If-Match` names.
    ///
    /// # Errors
    /// 400 `invalid_if_match`: a condition that can't be understood must not be taken for none.
    pub fn if_match(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(text) = joined(headers, &header::IF_MATCH) else { return Ok(None) };
        Self::parse(&text).map(Some).ok_or_else(|| {
            Problem::bad_request("invalid_if_match", "The header If-Match names no entity tag")
                .detail("Send the ETag as it came, with its quotes.")
        })
    }

    /// What `If-None-Match` names, where it decides about a change.
    ///
    /// # Errors
    /// 400 `invalid_if_none_match`, as for `If-Match`.
    pub fn if_none_match_strictly(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(text) = joined(headers, &header::IF_NONE_MATCH) else { return Ok(None) };
        Self::parse(&text).map(Some).ok_or_else(|| {
            Problem::bad_request("invalid_if_none_match", "The header If-None-Match names no entity tag")
                .detail("Send * to create only, or the ETag as it came, with its quotes.")
        })
    }

    /// What `If-None-Match` names. One that can't be understood saves nothing and harms nothing.
    pub fn if_none_match(headers: &HeaderMap) -> Option<Self> {
        joined(headers, &header::IF_NONE_MATCH).as_deref().and_then(Self::parse)
    }

    /// Whether the version is among them by the strong comparison, as `If-Match` asks.
    pub fn match_strongly(&self, version: i64) -> bool {
        self.holds(version, |weak| !weak)
    }

    /// Whether the version is among them by the weak comparison, as `If-None-Match` asks.
    pub fn match_weakly(&self, version: i64) -> bool {
        self.holds(version, |_| true)
    }

    /// The versions it names by the strong comparison; `None` where any will do.
    pub fn versions(&self) -> Option<Vec<i64>> {
        match self {
            Self::Any => None,
            Self::These(tags) => {
                Some(tags.iter().filter(|(weak, _)| !weak).filter_map(|(_, tag)| tag.parse().ok()).collect())
            }
        }
    }

    /// Whether a tag is among them by the weak comparison.
    pub fn name_weakly(&self, wanted: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|(_, tag)| tag == wanted),
        }
    }

    fn holds(&self, version: i64, counts: impl Fn(bool) -> bool) -> bool {
        let version = version.to_string();
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|(weak, tag)| counts(*weak) && *tag == version),
        }
    }

    /// `*`, or a list of entity tags; a comma may stand inside one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        if rest == "*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        while !rest.is_empty() {
            let (weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |tag| (true, tag));
            let (tag, behind) = quoted.strip_prefix('"')?.split_once('"')?;
            tags.push((weak, tag.to_owned()));
            let behind = behind.trim_start();
            rest = behind.trim_start_matches([',', ' ', '\t']);
            if !behind.is_empty() && !behind.starts_with(',') {
                return None;
            }
        }
        (!tags.is_empty()).then_some(Self::These(tags))
    }
}

/// The header's lines as one. A byte that is not ASCII may stand in a tag, but in none of a version.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
    lines.map(Cow::into_owned).reduce(|lines, line| format!("{lines}, {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_any_or_a_list_of_tags() {
        let these = |tags: &[(bool, &str)]| {
            Some(EntityTags::These(tags.iter().map(|(weak, tag)| (*weak, (*tag).to_owned())).collect()))
        };
        for (text, tags) in [
            ("*", Some(EntityTags::Any)),
            ("\"3\"", these(&[(false, "3")])),
            (" W/\"3\" ", these(&[(true, "3")])),
            ("\"1\", W/\"a,b\",\"3\"", these(&[(false, "1"), (true, "a,b"), (false, "3")])),
            ("\"1\",,\"2\",", these(&[(false, "1"), (false, "2")])),
            ("", None),
            (",", None),
            ("3", None),
            ("\"3", None),
            ("w/\"3\"", None),
            ("\"1\" \"2\"", None),
            ("\"1\", *", None),
        ] {
            assert_eq!(EntityTags::parse(text), tags, "{text}");
        }
    }

    #[test]
    fn only_the_weak_comparison_takes_a_weak_tag() {
        let tags = EntityTags::parse("W/\"3\", \"4\"").unwrap();
        assert!(tags.match_strongly(4) && tags.match_weakly(4) && tags.match_weakly(3));
        assert!(!tags.match_strongly(3) && !tags.match_weakly(5));
        assert!(EntityTags::Any.match_strongly(0));
        assert_eq!((tags.versions(), EntityTags::Any.versions()), (Some(vec![4]), None));
        assert!(tags.name_weakly("3") && !tags.name_weakly("5") && EntityTags::Any.name_weakly("5"));
    }

    #[test]
    fn the_lines_of_a_header_are_one_list() {
        let mut headers = HeaderMap::new();
        assert_eq!(EntityTags::if_match(&headers).unwrap(), None);
        headers.append(header::IF_MATCH, HeaderValue::from_static("\"1\""));
        headers.append(header::IF_MATCH, HeaderValue::from_static("\"2\""));
        assert!(EntityTags::if_match(&headers).unwrap().unwrap().match_strongly(2));
        headers.append(header::IF_MATCH, HeaderValue::from_bytes(b"\"\xff\"").unwrap());
        assert!(EntityTags::if_match(&headers).unwrap().unwrap().match_strongly(1));
        headers.append(header::IF_MATCH, HeaderValue::from_static("nonsense"));
        assert!(EntityTags::if_match(&headers).is_err());
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("nonsense"));
        assert_eq!(EntityTags::if_none_match(&headers), None);
    }
}
