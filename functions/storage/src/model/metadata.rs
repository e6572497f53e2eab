use axum::http::StatusCode;
use serde_json::value::RawValue;
use shared::http::{Json, JsonError, Problem};

/// Most bytes of metadata.
const LONGEST_METADATA: usize = 8 * 1024;
const DEEPEST: usize = 16;

/// What a front end notes beside a value: a JSON object of at most 8 KB and 16 levels, kept as it was written. It is not
/// sealed, so that it can be listed without opening anything: no PHI belongs in it.
#[derive(Clone)]
pub(crate) struct Metadata(Box<RawValue>);

impl Metadata {
    /// # Errors
    /// 413 `metadata_too_large`; 422 `invalid_metadata`.
    pub(crate) fn parse(json: Box<RawValue>) -> Result<Self, Problem> {
        if json.get().len() > LONGEST_METADATA {
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "metadata_too_large", "Metadata may have 8 KB")
                .detail("What is larger belongs in the value, which is sealed, too."));
        }
        match Json::parse(json.get().as_bytes(), DEEPEST) {
            Ok(object @ Json::Object(_)) if is_sound(&object) => Ok(Self(json)),
            Ok(Json::Object(_)) => {
                Err(invalid("A text in it holds U+0000 or half a surrogate pair, or a number is too large."))
            }
            Ok(_) => Err(invalid("It is no object.")),
            Err(JsonError::Duplicate) => Err(invalid("A name stands twice in one object.")),
            Err(JsonError::TooDeep) => Err(invalid("It may nest 16 levels.")),
            Err(JsonError::Malformed(_)) => Err(invalid("A name in it is no Unicode text.")),
        }
    }

    /// What the database holds.
    ///
    /// # Errors
    /// 500 where that is not JSON.
    pub(crate) fn stored(text: String) -> Result<Self, Problem> {
        let json = RawValue::from_string(text).map_err(|_| Problem::internal("stored metadata is not JSON"))?;
        Ok(Self(json))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.get()
    }

    pub(crate) fn into_raw(self) -> Box<RawValue> {
        self.0
    }
}

/// Whether everything in it can be read by anyone: PostgreSQL's jsonb and many parsers take no U+0000 and no half of a
/// surrogate pair.
fn is_sound(json: &Json) -> bool {
    match json {
        Json::Object(members) => members.iter().all(|(name, value)| !name.contains('\0') && is_sound(value)),
        Json::Array(values) => values.iter().all(is_sound),
        Json::Scalar(_) => json.scalar::<serde_json::Value>().is_some_and(|value| {
            let text = value.as_str().unwrap_or_default();
            !text.contains('\0')
        }),
    }
}

fn invalid(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_metadata", "Metadata has to be a JSON object")
        .detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Metadata, Problem> {
        Metadata::parse(RawValue::from_string(text.to_owned()).unwrap())
    }

    #[test]
    fn metadata_is_an_object_that_anyone_can_read() {
        for right in ["{}", r#"{"a":[1.0,{"b":null}],"é":"\ud83d\ude00"}"#] {
            assert_eq!(parse(right).ok().unwrap().as_str(), right);
        }
        let deep = format!("{}0{}", r#"{"a":"#.repeat(17), "}".repeat(17));
        for wrong in [
            "[]",
            "null",
            "\"text\"",
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":"\u0000"}"#,
            r#"{"\u0000":1}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"\ud800":1}"#,
            r#"{"a":[1e999]}"#,
            &deep,
        ] {
            assert_eq!(parse(wrong).err().unwrap().summary().0, "invalid_metadata", "{wrong}");
        }
    }

    #[test]
    fn metadata_may_have_eight_kilobytes() {
        let of = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
        assert!(parse(&of(LONGEST_METADATA)).is_ok());
        assert_eq!(parse(&of(LONGEST_METADATA + 1)).err().unwrap().summary().0, "metadata_too_large");
    }
}
