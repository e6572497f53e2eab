//! The secrets that a deployed stack has, and how each gets its value.

use auth::tokens::KeySet;
use shared::clock::{NoEntropy, Random};
use shared::config::{ConfigError, check_value};
use zeroize::Zeroizing;

/// A secret of the stack.
#[derive(Debug, PartialEq, Eq)]
pub struct Secret {
    /// What follows `<app>/<env>/` in its name.
    pub name: &'static str,
    /// What it holds.
    pub what: &'static str,
    /// The setting whose value it is.
    pub setting: &'static str,
    /// Where the value comes from.
    pub origin: Origin,
    /// Whether every stack has it.
    pub always: bool,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A new signing key.
    TokenKeys,
    /// A new random token.
    Token,
    /// Whoever runs the command: somebody else gave it out.
    Asked,
}

/// All of them. The template makes them without a value.
pub const ALL: [Secret; 7] = [
    Secret {
        name: "auth/token-keys",
        what: "key that signs access tokens",
        setting: "WARD_TOKEN_KEYS",
        origin: Origin::TokenKeys,
        always: true,
    },
    Secret {
        name: "health/metrics-token",
        what: "token that opens /metrics",
        setting: "METRICS_TOKEN",
        origin: Origin::Token,
        always: true,
    },
    asked("chat/model-key", "key of the model provider", "OPENAI_API_KEY", true),
    asked("auth/smtp-url", "URL of the SMTP server", "SMTP_URL", false),
    asked("auth/github", "client secret of the GitHub app", "GITHUB_CLIENT_SECRET", false),
    asked("auth/twilio", "auth token of Twilio", "TWILIO_AUTH_TOKEN", false),
    asked("auth/africastalking", "API key of Africa's Talking", "AFRICASTALKING_API_KEY", false),
];

const fn asked(name: &'static str, what: &'static str, setting: &'static str, always: bool) -> Secret {
    Secret { name, what, setting, origin: Origin::Asked, always }
}

impl Secret {
    /// The secret of this name, where there is one.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|secret| secret.name == name)
    }

    /// A new value; `None` where somebody else has to give it out.
    pub fn generate(&self) -> Result<Option<Zeroizing<String>>, NoEntropy> {
        match self.origin {
            Origin::TokenKeys => KeySet::generate().map(|set| Some(set.to_json())),
            Origin::Token => metrics_token().map(Some),
            Origin::Asked => Ok(None),
        }
    }

    /// Whether the function that reads it can use a value. The reason never holds it.
    pub fn check(&self, value: &str) -> Result<(), String> {
        if self.origin == Origin::TokenKeys {
            return KeySet::parse(value).map(drop).map_err(|error| format!("this is no set of token keys: {error}"));
        }
        check_value(self.setting, value).map_err(|error| match error {
            ConfigError::Invalid(_, form) => format!("this is not {form}"),
            other => other.to_string(),
        })
    }
}

/// What opens `/metrics`: 256 random bits.
pub fn metrics_token() -> Result<Zeroizing<String>, NoEntropy> {
    let half = || Random::default().bytes().map(u128::from_be_bytes);
    Ok(Zeroizing::new(format!("{:032x}{:032x}", half()?, half()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_is_new_each_time_and_of_its_form() {
        for secret in &ALL {
            let (first, second) = (secret.generate().unwrap(), secret.generate().unwrap());
            assert_eq!(first.is_none(), secret.origin == Origin::Asked, "{}", secret.name);
            if let Some(value) = &first {
                secret.check(value).unwrap();
                assert_ne!(first, second);
            }
        }
        assert_eq!(metrics_token().unwrap().len(), 64);
    }

    #[test]
    fn a_refusal_says_the_form_and_not_the_value() {
        for (name, wrong) in
            [("auth/token-keys", "marker-7f"), ("auth/smtp-url", "marker-7f"), ("chat/model-key", "marker 7f")]
        {
            let why = Secret::named(name).unwrap().check(wrong).unwrap_err();
            assert!(why.starts_with("this is no") && !why.contains("marker"), "{why}");
        }
    }
}
