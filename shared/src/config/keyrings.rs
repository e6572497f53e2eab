//! What wraps the users' data keys.

use std::path::PathBuf;

use super::ConfigError;

/// The keyrings of the users' data keys.
#[derive(Clone, Debug)]
pub struct KeyringSettings {
    /// What wraps new keys.
    pub current: KeyringSetting,
    /// What may have wrapped keys before (`KMS_OLD_KEY_IDS`; the key file, too, where a KMS key is set beside it).
    pub old: Vec<KeyringSetting>,
    /// What keeps a second copy of every key, say a KMS key of another region (`KMS_SECOND_KEY_ID`).
    pub second: Option<KeyringSetting>,
}

/// What wraps data keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyringSetting {
    /// AWS KMS, by key id, ARN or alias (`KMS_KEY_ID`).
    Kms(String),
    /// A key file (`WARD_KEY_FILE`): for development and tests.
    File(PathBuf),
}

impl KeyringSetting {
    /// From what names a keyring: `file:` and a path, or the id, ARN or alias of a KMS key.
    pub fn parse(name: &str) -> Self {
        match name.strip_prefix("file:") {
            Some(path) => Self::File(path.into()),
            None => Self::Kms(name.to_owned()),
        }
    }
}

pub(super) fn keyrings(get: &dyn Fn(&str) -> Option<String>) -> Result<KeyringSettings, ConfigError> {
    let file = get("WARD_KEY_FILE").map(PathBuf::from).map(KeyringSetting::File);
    let old = get("KMS_OLD_KEY_IDS");
    let old = old.iter().flat_map(|list| list.split(',')).map(str::trim).filter(|id| !id.is_empty());
    let mut old: Vec<_> = old.map(|id| KeyringSetting::Kms(id.to_owned())).collect();
    let current = match get("KMS_KEY_ID") {
        Some(id) => {
            old.extend(file);
            KeyringSetting::Kms(id)
        }
        None => file.ok_or(ConfigError::Missing(
            "KMS_KEY_ID",
            "the KMS key that wraps data keys, or WARD_KEY_FILE in development",
        ))?,
    };
    Ok(KeyringSettings { current, old, second: get("KMS_SECOND_KEY_ID").map(KeyringSetting::Kms) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(pairs: &[(&str, &str)]) -> Result<KeyringSettings, ConfigError> {
        keyrings(&|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn one_wraps_and_those_before_it_still_open() {
        let kms = |id: &str| KeyringSetting::Kms(id.to_owned());
        let file = KeyringSetting::File("key".into());
        let alone = parsed(&[("WARD_KEY_FILE", "key")]).unwrap();
        assert_eq!((alone.current, alone.old, alone.second), (file.clone(), vec![], None));
        let all = [
            ("KMS_KEY_ID", "new"),
            ("KMS_OLD_KEY_IDS", "old, , older"),
            ("WARD_KEY_FILE", "key"),
            ("KMS_SECOND_KEY_ID", "arn:aws:kms:eu-west-1:1:key/2"),
        ];
        let all = parsed(&all).unwrap();
        assert_eq!((all.current, all.old), (kms("new"), vec![kms("old"), kms("older"), file]));
        assert_eq!(all.second, Some(kms("arn:aws:kms:eu-west-1:1:key/2")));
        assert!(matches!(parsed(&[]), Err(ConfigError::Missing("KMS_KEY_ID", _))));
    }

    #[test]
    fn a_name_is_a_files_or_a_kms_keys() {
        assert_eq!(KeyringSetting::parse("file:/etc/ward/key"), KeyringSetting::File("/etc/ward/key".into()));
        assert_eq!(KeyringSetting::parse("alias/ward"), KeyringSetting::Kms("alias/ward".into()));
    }
}
