use axum::http::StatusCode;
use serde_json::value::RawValue;
use shared::http::Problem;

/// Most bytes of a value's JSON text: 4 MiB.
pub(crate) const LONGEST_VALUE: usize = 4 * 1024 * 1024;

/// Deepest nesting of objects and arrays: what parsers take without being told to.
const DEEPEST: usize = 100;

/// A value: any JSON up to 4 MiB and 100 levels, kept as it was written.
pub(crate) struct Value(Box<RawValue>);

impl Value {
    /// # Errors
    /// 413 `payload_too_large`; 422 `value_too_deep`.
    pub(crate) fn parse(json: Box<RawValue>) -> Result<Self, Problem> {
        if json.get().len() > LONGEST_VALUE {
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "A value may have 4 MB"));
        }
        if depth(json.get()) > DEEPEST {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "value_too_deep",
                "A value may nest 100 levels of objects and arrays",
            ));
        }
        Ok(Self(json))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.get().as_bytes()
    }
}

/// How many levels of objects and arrays a JSON text nests. Counted over the text, since what recurses could overflow the
/// stack.
fn depth(json: &str) -> usize {
    let (mut level, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                level += 1;
                deepest = deepest.max(level);
            }
            b']' | b'}' if !in_string => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::http::Json;

    use super::*;

    fn raw(json: String) -> Box<RawValue> {
        RawValue::from_string(json).unwrap()
    }

    #[test]
    fn a_value_may_have_four_mebibytes() {
        let json = |length: usize| raw(format!("\"{}\"", "x".repeat(length - 2)));
        assert!(Value::parse(json(LONGEST_VALUE)).is_ok());
        assert!(Value::parse(json(LONGEST_VALUE + 1)).is_err());
    }

    #[test]
    fn a_value_may_nest_a_hundred_levels() {
        let json = |levels: usize| raw(format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
        assert!(Value::parse(json(100)).is_ok());
        for levels in [101, 10_000] {
            assert!(Value::parse(json(levels)).is_err(), "{levels}");
        }
        assert_eq!(depth(r#"{"a[[[": ["\"[[[", "\\", [{}]]}"#), 4);
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![any::<bool>().prop_map(Into::into), r#"[\[{}"\\a\]]{0,8}"#.prop_map(Into::into)];
        leaf.prop_recursive(6, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::hash_map(r#"[\[{"\\]{0,4}"#, inner, 0..4)
                    .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_depth_is_that_of_the_parsed_value(json in any_json()) {
            let text = json.to_string();
            prop_assert_eq!(depth(&text), Json::parse(text.as_bytes(), 32).unwrap().depth());
        }
    }
}
