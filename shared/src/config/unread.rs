//! Settings that are given and not read.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::Settings;

/// Which of the names given begin with `WARD_` and are read by nothing: misspelt, or without effect beside the others.
/// Whoever writes `WARD_REGISTATION=closed` should hear of it before strangers register.
pub fn unread(lookup: &dyn Fn(&str) -> Option<String>, given: impl IntoIterator<Item = String>) -> Vec<String> {
    let read = RefCell::new(BTreeSet::new());
    let recording = |name: &str| {
        read.borrow_mut().insert(name.to_owned());
        lookup(name)
    };
    // Where they don't parse, that is told elsewhere, and not all of them were read.
    if Settings::from_lookup(&recording).is_err() {
        return Vec::new();
    }
    let read = read.into_inner();
    // A secret in Secrets Manager stands for the setting of its name.
    let is_read = |name: &str| read.contains(name.strip_suffix("_SECRET_ID").unwrap_or(name));
    given.into_iter().filter(|name| name.starts_with("WARD_") && !is_read(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_setting_is_found_and_no_other() {
        let given = [
            ("DATABASE_URL", "postgres://localhost/ward?host=/run/ward"),
            ("WARD_KEY_FILE", "key"),
            ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"),
            ("OPENAI_MODEL", "ward-local"),
            ("WARD_OUTBOX", "outbox"),
            ("WARD_REGISTATION", "closed"),
            ("WARD_REGISTRATION", "closed"),
            ("WARD_TOKEN_KEYS_SECRET_ID", "ward/dev/token-keys"),
            ("REGISTATION", "closed"),
        ];
        let lookup = |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let names = || given.iter().map(|(name, _)| (*name).to_owned());
        Settings::from_lookup(&lookup).unwrap();
        assert_eq!(unread(&lookup, names()), ["WARD_REGISTATION"]);
        assert!(unread(&|_| None, names()).is_empty(), "what does not parse says so itself");
    }
}
