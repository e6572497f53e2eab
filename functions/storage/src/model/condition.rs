use axum::http::HeaderMap;
use serde_json::{Value, json};
use shared::http::{EntityTags, Problem};

/// Under which version of a key something happens: `If-Match` and `If-None-Match` (RFC 9110, section 13), each as the
/// versions it names, where 0 stands for any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Condition {
    wanted: Option<Vec<i64>>,
    unwanted: Option<Vec<i64>>,
}

impl Condition {
    /// What a request's headers ask for.
    ///
    /// # Errors
    /// 400 `invalid_if_match` or `invalid_if_none_match`.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            wanted: EntityTags::if_match(headers)?.map(|tags| versions(&tags, false)),
            unwanted: EntityTags::if_none_match_strictly(headers)?.map(|tags| versions(&tags, true)),
        })
    }

    /// What an item of a batch asks for, in the words of the headers.
    ///
    /// # Errors
    /// As of the headers.
    pub(crate) fn parse(if_match: Option<&str>, if_none_match: Option<&str>) -> Result<Self, Problem> {
        let tags = |text: Option<&str>, code, title| match text {
            None => Ok(None),
            Some(text) => EntityTags::parse(text)
                .map(Some)
                .ok_or_else(|| Problem::bad_request(code, title).detail("Send the etag as it came, with its quotes.")),
        };
        Ok(Self {
            wanted: tags(if_match, "invalid_if_match", "An if_match names no entity tag")?
                .map(|tags| versions(&tags, false)),
            unwanted: tags(if_none_match, "invalid_if_none_match", "An if_none_match names no entity tag")?
                .map(|tags| versions(&tags, true)),
        })
    }

    /// The versions that `If-None-Match` names; none of a header that can't be understood, for a read it saves nothing.
    pub(crate) fn known(headers: &HeaderMap) -> Vec<i64> {
        EntityTags::if_none_match(headers).map_or_else(Vec::new, |tags| versions(&tags, true))
    }

    /// The versions a batch's item knows already.
    pub(crate) fn into_known(self) -> Vec<i64> {
        self.unwanted.unwrap_or_default()
    }

    /// All conditions as the database's functions take them; nothing where there are none.
    pub(crate) fn all<'a>(conditions: impl IntoIterator<Item = &'a Self>) -> Option<Value> {
        let conditions: Vec<&Self> = conditions.into_iter().collect();
        if conditions.iter().all(|condition| **condition == Self::default()) {
            return None;
        }
        Some(conditions.iter().map(|one| json!({"match": one.wanted, "none": one.unwanted})).collect())
    }
}

/// What of the tags can be a version of ours. With a weak tag only where the comparison is the weak one.
fn versions(tags: &EntityTags, weakly: bool) -> Vec<i64> {
    let EntityTags::These(tags) = tags else { return vec![0] };
    let version = |tag: &str| tag.parse().ok().filter(|version: &i64| *version > 0 && version.to_string() == tag);
    tags.iter().filter(|(weak, _)| weakly || !weak).filter_map(|(_, tag)| version(tag)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_names_versions_and_zero_for_any() {
        let parse = |wanted, unwanted| Condition::parse(wanted, unwanted).unwrap();
        assert_eq!(Condition::all([&parse(None, None)]), None);
        assert_eq!(
            Condition::all([&parse(Some("*"), None), &parse(None, Some("*"))]),
            Some(json!([{"match": [0], "none": null}, {"match": null, "none": [0]}]))
        );
        let odd = "\"7\", W/\"8\", \"07\", \"0\", \"-1\", \"x\", \"99999999999999999999\"";
        assert_eq!(
            Condition::all([&parse(Some(odd), Some(odd))]),
            Some(json!([{"match": [7], "none": [7, 8]}])),
            "0 is no version, and a weak tag matches none"
        );
        assert!(Condition::parse(Some("7"), None).is_err() && Condition::parse(None, Some("")).is_err());
    }
}
