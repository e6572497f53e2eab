//! Finding values by paths such as `Properties.Rules[].Id` and `Properties.Parameters.(rds.force_ssl)`.

use serde_json::Value;

/// The values at a path below `value`; `[]` stands for every member of a list, which may be a single one by itself. A
/// name with a dot stands in brackets.
pub fn find<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for part in parts(path) {
        let (name, every) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
        let name = name.trim_matches(['(', ')']);
        found = found.into_iter().filter_map(|value| value.get(name)).collect();
        if every {
            found = found.into_iter().flat_map(members).collect();
        }
    }
    found
}

fn parts(path: &str) -> Vec<&str> {
    let mut within = false;
    path.split(|sign| {
        within = (within || sign == '(') && sign != ')';
        sign == '.' && !within
    })
    .collect()
}

fn members(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |list| list.iter().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_goes_through_lists_and_past_what_is_not_there() {
        let value = json!({"A": [{"B": {"C": 1}}, {"B": {"C": 2}}, {"D": 3}], "E": {"C": 4}});
        assert_eq!(find(&value, "A[].B.C"), [&json!(1), &json!(2)]);
        assert_eq!(find(&value, "E[].C"), [&json!(4)]);
        assert!(find(&value, "A[].X").is_empty());
    }

    #[test]
    fn a_name_may_hold_a_dot() {
        let value = json!({"Parameters": {"rds.force_ssl": "1"}});
        assert_eq!(find(&value, "Parameters.(rds.force_ssl)"), [&json!("1")]);
    }
}
