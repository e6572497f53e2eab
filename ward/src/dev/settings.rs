//! Which parts are real and which are local, and the settings that come of it.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use shared::config::Lookup;

use super::DevError;

/// A part with a local stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Database,
    Cache,
    Keyring,
    Files,
    Model,
    Mail,
    Sms,
}

impl Part {
    /// All of them, in the order they are shown.
    pub const ALL: [Self; 7] =
        [Self::Database, Self::Cache, Self::Keyring, Self::Files, Self::Model, Self::Mail, Self::Sms];

    /// The settings of which any one takes the real part; the first is the one to name.
    pub fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Database => &["DATABASE_URL", "DATABASE_SECRET_ID"],
            Self::Cache => &["REDIS_URL"],
            Self::Keyring => &["KMS_KEY_ID", "WARD_KEY_FILE"],
            Self::Files => &["FILES_BUCKET", "FILES_DIR"],
            Self::Model => &["OPENAI_API_KEY", "OPENAI_API_KEY_SECRET_ID", "OPENAI_BASE_URL"],
            Self::Mail => &["WARD_EMAIL"],
            Self::Sms => &["WARD_SMS"],
        }
    }

    /// What to call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Cache => "cache",
            Self::Keyring => "keyring",
            Self::Files => "files",
            Self::Model => "model",
            Self::Mail => "email",
            Self::Sms => "sms",
        }
    }
}

/// The settings of this run: the local parts' own over the environment's.
pub(super) struct DevSettings {
    environment: Lookup,
    local: Vec<(&'static str, String)>,
}

impl DevSettings {
    /// Those of the environment, with `origin` for a page's where it names none.
    pub fn new(environment: Lookup, origin: String) -> Self {
        let mut settings = Self { environment, local: Vec::new() };
        // All functions share a pool here, and one process serves every request; Lambda's default is for one. Everybody who
        // tries things out has one address.
        for (name, value) in [
            ("WARD_ORIGINS", origin),
            ("WARD_DATABASE_POOL", "8".to_owned()),
            ("WARD_LIMIT_ANONYMOUS", "1000".to_owned()),
        ] {
            if settings.get(name).is_none() {
                settings.set(name, value);
            }
        }
        settings
    }

    /// The setting that makes a part real, if there is one.
    pub fn real(&self, part: Part) -> Option<&'static str> {
        part.settings().iter().copied().find(|name| (self.environment)(name).is_some_and(|value| !value.is_empty()))
    }

    /// Sets what a local part needs.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.local.push((name, value.into()));
    }

    /// A setting's value.
    pub fn get(&self, name: &str) -> Option<String> {
        let local = self.local.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        local.or_else(|| (self.environment)(name)).filter(|value| !value.is_empty())
    }

    /// Writes the local parts' settings where `cargo lambda watch --env-file` and a shell can read them, for us alone.
    ///
    /// Quoted: cargo-lambda refuses a bare value with a `?` or `=` in it.
    pub fn write(&self, path: &Path) -> Result<(), DevError> {
        let lines: Vec<String> = self.local.iter().map(|(name, value)| format!("{name}='{value}'\n")).collect();
        // Made anew: the mode counts for new files only.
        std::fs::remove_file(path).ok();
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| file.write_all(lines.concat().as_bytes()))
            .map_err(DevError::file("write", path))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn settings(environment: &'static [(&'static str, &'static str)]) -> DevSettings {
        let lookup: Lookup =
            Box::new(|name| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()));
        DevSettings::new(lookup, "http://localhost:9000".to_owned())
    }

    #[test]
    fn a_part_is_real_when_any_of_its_settings_says_so() {
        let some = settings(&[("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1"), ("REDIS_URL", "")]);
        assert_eq!(some.real(Part::Model), Some("OPENAI_BASE_URL"));
        assert_eq!(some.real(Part::Cache), None);
        assert_eq!(some.real(Part::Database), None);
    }

    #[test]
    fn a_local_part_overrides_what_was_meant_for_the_real_one() {
        let mut some = settings(&[("OPENAI_MODEL", "gpt-4o"), ("WARD_ORIGINS", "http://localhost:5173")]);
        some.set("OPENAI_MODEL", "ward-local");
        assert_eq!(some.get("OPENAI_MODEL").as_deref(), Some("ward-local"));
        assert_eq!(some.get("WARD_ORIGINS").as_deref(), Some("http://localhost:5173"));
    }

    #[test]
    fn the_file_for_other_programs_holds_what_is_local_and_is_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        std::fs::write(&path, "old").unwrap();
        let mut some = settings(&[("OPENAI_API_KEY", "sk-real")]);
        some.set("DATABASE_URL", "postgres://ward@/ward?host=/x");
        some.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "WARD_ORIGINS='http://localhost:9000'\nWARD_DATABASE_POOL='8'\nWARD_LIMIT_ANONYMOUS='1000'\nDATABASE_URL='postgres://ward@/ward?host=/x'\n"
        );
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
