//! JSON merge patch (RFC 7396), over JSON that keeps the text of its values: a number stays as it was written.

use std::collections::BTreeMap;
use std::fmt;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Problem;
use super::json::{is_of_type, refused, unreadable};

const MEDIA_TYPES: [&str; 2] = ["application/merge-patch+json", "application/json"];
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// Deepest nesting of a patch's body; what a resource takes may be less.
const DEEPEST: usize = 32;

/// The members of an object.
pub type Members = BTreeMap<String, Json>;

/// A JSON value in which each name stands once in its object.
#[derive(Clone, Debug)]
pub enum Json {
    /// An object.
    Object(Members),
    /// An array.
    Array(Vec<Json>),
    /// Any other value, as it was written.
    Scalar(Box<RawValue>),
}

/// Why a text is no [`Json`].
#[derive(Debug)]
pub enum JsonError {
    /// It does not parse.
    Malformed(serde_json::Error),
    /// A name stands twice in one object: who reads the first and who reads the last would not see the same.
    Duplicate,
    /// It nests too deep.
    TooDeep,
}

impl Json {
    /// Reads a text that nests at most `deepest` levels of objects and arrays.
    ///
    /// # Errors
    /// [`JsonError`].
    pub fn parse(text: &[u8], deepest: usize) -> Result<Self, JsonError> {
        Self::read(serde_json::from_slice(text).map_err(JsonError::Malformed)?, deepest)
    }

    /// A level at a time, so that a deep text ends in an error and not in the stack's.
    fn read(raw: &RawValue, deepest: usize) -> Result<Self, JsonError> {
        let text = raw.get();
        let below = || deepest.checked_sub(1).ok_or(JsonError::TooDeep);
        match text.as_bytes().first() {
            Some(b'{') => {
                let (below, Pairs(pairs)) = (below()?, serde_json::from_str(text).map_err(JsonError::Malformed)?);
                let mut members = Members::new();
                for (name, value) in pairs {
                    if members.insert(name, Self::read(value, below)?).is_some() {
                        return Err(JsonError::Duplicate);
                    }
                }
                Ok(Self::Object(members))
            }
            Some(b'[') => {
                let (below, values) = (below()?, serde_json::from_str(text).map_err(JsonError::Malformed)?);
                let read = |value: &RawValue| Self::read(value, below);
                Vec::into_iter(values).map(read).collect::<Result<_, _>>().map(Self::Array)
            }
            _ => Ok(Self::Scalar(raw.to_owned())),
        }
    }

    /// Whether it is `null`, which in a patch removes a member.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(text) if text.get() == "null")
    }

    /// The value, where it is of that type; no object and no array is.
    pub fn scalar<T: DeserializeOwned>(&self) -> Option<T> {
        let Self::Scalar(text) = self else { return None };
        serde_json::from_str(text.get()).ok()
    }

    /// How many levels of objects and arrays it nests.
    pub fn depth(&self) -> usize {
        match self {
            Self::Object(members) => 1 + members.values().map(Self::depth).max().unwrap_or_default(),
            Self::Array(values) => 1 + values.iter().map(Self::depth).max().unwrap_or_default(),
            Self::Scalar(_) => 0,
        }
    }

    /// Whether an object in it has a member of that name.
    pub fn names(&self, name: &str) -> bool {
        match self {
            Self::Object(members) => members.contains_key(name) || members.values().any(|value| value.names(name)),
            Self::Array(values) => values.iter().any(|value| value.names(name)),
            Self::Scalar(_) => false,
        }
    }
}

/// Changes an object by a patch, as RFC 7396, section 2, says: `null` removes a member, an object is merged, anything
/// else takes the member's place.
pub fn merge(target: &mut Members, patch: Members) {
    for (name, value) in patch {
        match value {
            value if value.is_null() => {
                target.remove(&name);
            }
            Json::Object(patch) => {
                let member = target.entry(name).or_insert_with(|| Json::Object(Members::new()));
                if let Json::Object(members) = member {
                    merge(members, patch);
                } else {
                    let mut members = Members::new();
                    merge(&mut members, patch);
                    *member = Json::Object(members);
                }
            }
            value => {
                target.insert(name, value);
            }
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(members) => serializer.collect_map(members),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Scalar(text) => text.serialize(serializer),
        }
    }
}

/// The members of an object in the order they stand, duplicates and all.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = object.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

/// A request body that is a merge patch.
///
/// Answers 415 where the content type is neither of the two, 413 where the body is over the function's limit, 400 where
/// it does not parse and 422 where it is no object, names a member twice or nests too deep.
pub struct MergePatch(pub Members);

impl<S: Send + Sync> FromRequest<S> for MergePatch {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !MEDIA_TYPES.iter().any(|media_type| is_of_type(&request, media_type)) {
            let accepted = "application/merge-patch+json, application/json";
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body has to be a JSON merge patch",
            )
            .detail("Send Content-Type: application/merge-patch+json.")
            .header(ACCEPT_PATCH, HeaderValue::from_static(accepted)));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        match Json::parse(&body, DEEPEST) {
            Ok(Json::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(unexpected("The patch has to be an object.")),
            Err(JsonError::Duplicate) => Err(unexpected("A name stands twice in one object.")),
            Err(JsonError::TooDeep) => Err(unexpected("It nests too deep.")),
            Err(JsonError::Malformed(error)) => Err(refused(&error)),
        }
    }
}

fn unexpected(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", "The body has not the expected shape").detail(detail)
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    fn members(text: &str) -> Members {
        match Json::parse(text.as_bytes(), DEEPEST) {
            Ok(Json::Object(members)) => members,
            other => panic!("{text} is {other:?}"),
        }
    }

    fn merged(target: &str, patch: &str) -> String {
        let mut target = members(target);
        merge(&mut target, members(patch));
        serde_json::to_string(&target).unwrap()
    }

    /// The cases of RFC 7396, appendix A, in which target and patch are objects.
    #[test]
    fn merges_as_the_standard_shows() {
        for (target, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
            // Not in the standard: what is no object gives way to one, and an array keeps its nulls.
            (r#"{"a":1}"#, r#"{"a":{"b":null,"c":2}}"#, r#"{"a":{"c":2}}"#),
            ("{}", r#"{"a":[null,{"b":null}]}"#, r#"{"a":[null,{"b":null}]}"#),
        ] {
            assert_eq!(merged(target, patch), result, "{target} and {patch}");
        }
    }

    #[test]
    fn values_keep_their_text() {
        let text = r#"{"a":1.0,"b":123456789012345678901234567890,"c":1e400,"d":"\u00e9","e":[-0.0,0.1]}"#;
        assert_eq!(merged("{}", text), text);
        // A name serde_json uses for itself is a name like any other.
        let token = r#"{"a":{"$serde_json::private::RawValue":"[[["}}"#;
        assert_eq!(merged("{}", token), token);
    }

    #[test]
    fn what_is_ambiguous_or_endless_is_refused() {
        let parse = |text: &str| Json::parse(text.as_bytes(), DEEPEST);
        for twice in [r#"{"a":1,"a":2}"#, r#"{"a":[{"b":1,"b":1}]}"#, r#"{"a":1,"\u0061":2}"#] {
            assert!(matches!(parse(twice), Err(JsonError::Duplicate)), "{twice}");
        }
        for wrong in ["", "{", "1.5.0", "NaN", "{\"a\":01}", "{\"a\":+1}", "{} {}", "{\"a\":'b'}", "{\"\\ud800\":1}"] {
            assert!(matches!(parse(wrong), Err(JsonError::Malformed(_))), "{wrong}");
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(parse(&nested(DEEPEST)).unwrap().depth(), DEEPEST);
        assert!(matches!(parse(&nested(DEEPEST + 1)), Err(JsonError::TooDeep)));
        assert!(matches!(parse(&nested(100_000)), Err(JsonError::TooDeep)));
    }

    /// Any object of a few levels.
    fn objects() -> impl Strategy<Value = Members> {
        let scalar = prop_oneof![Just("null".to_owned()), "-?[1-9][0-9]{0,30}(\\.[0-9]+)?", "\"[a-z]{0,3}\""];
        let json = scalar.prop_map(|text| Json::Scalar(RawValue::from_string(text).unwrap()));
        let json = json.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Json::Array),
                btree_map("[a-c]", inner, 0..4).prop_map(Json::Object),
            ]
        });
        btree_map("[a-c]", json, 0..4)
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = Json::parse(&bytes, DEEPEST);
        }

        #[test]
        fn an_object_survives_its_text(object in objects()) {
            let text = serde_json::to_string(&object).unwrap();
            prop_assert_eq!(serde_json::to_string(&members(&text)).unwrap(), text);
        }

        #[test]
        fn a_patch_applied_twice_is_applied_once(target in objects(), patch in objects()) {
            let mut once = target;
            merge(&mut once, patch.clone());
            let mut twice = once.clone();
            merge(&mut twice, patch);
            prop_assert_eq!(serde_json::to_string(&once).unwrap(), serde_json::to_string(&twice).unwrap());
        }
    }
}
