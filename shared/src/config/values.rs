//! A value that is to be stored as a secret, checked before it is: as the function that reads it would.

use super::ConfigError;

/// Far above any key that a provider gives out.
const LONGEST: usize = 4096;

/// Checks the value of a setting that stands in a secret of its own.
///
/// # Errors
/// [`ConfigError::Invalid`] that names the setting and never the value.
pub fn check_value(setting: &'static str, value: &str) -> Result<(), ConfigError> {
    let get = |name: &str| (name == setting && !value.trim().is_empty()).then(|| value.to_owned());
    match setting {
        "SMTP_URL" => super::delivery::smtp(&get).map(drop),
        "METRICS_TOKEN" => super::metrics::token(&get)?
            .map(drop)
            .ok_or(ConfigError::Invalid("METRICS_TOKEN", "at least 32 letters, digits and signs")),
        // It goes into a header, where a blank or a line's end from the clipboard would break it.
        _ if (1..=LONGEST).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(()),
        _ => Err(ConfigError::Invalid(setting, "1 to 4096 letters, digits and signs without a blank")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_function_could_use_is_refused_without_showing_it() {
        for (setting, right) in [
            ("SMTP_URL", "smtps://user:password@mail.example"),
            ("METRICS_TOKEN", "0123456789abcdef0123456789abcdef"),
            ("OPENAI_API_KEY", "sk-proj-1"),
            ("GITHUB_CLIENT_SECRET", "0123456789abcdef"),
        ] {
            assert!(check_value(setting, right).is_ok(), "{setting}");
        }
        for (setting, wrong) in [
            ("SMTP_URL", "smtp://user:marker-7f@mail.example"),
            ("SMTP_URL", "marker-7f"),
            ("METRICS_TOKEN", "marker-7f"),
            ("METRICS_TOKEN", " "),
            ("OPENAI_API_KEY", "marker-7f "),
            ("OPENAI_API_KEY", ""),
            ("TWILIO_AUTH_TOKEN", "marker\n7f"),
        ] {
            let error = check_value(setting, wrong).unwrap_err().to_string();
            assert!(error.contains(setting) && !error.contains("marker"), "{error}");
        }
        assert!(check_value("OPENAI_API_KEY", &"k".repeat(4097)).is_err());
    }
}
