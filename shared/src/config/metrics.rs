//! What opens the metrics.

use secrecy::SecretString;

use super::ConfigError;

/// Below this a token could be guessed: the path counts no requests.
const SHORTEST: usize = 32;

/// `None` where nobody collects metrics: there is no such path then.
pub(super) fn token(get: &dyn Fn(&str) -> Option<String>) -> Result<Option<SecretString>, ConfigError> {
    let Some(token) = get("METRICS_TOKEN") else { return Ok(None) };
    if token.len() < SHORTEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConfigError::Invalid("METRICS_TOKEN", "at least 32 letters, digits and signs"));
    }
    Ok(Some(SecretString::from(token)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_could_be_guessed_is_refused() {
        let parse = |token: &str| self::token(&|_| Some(token.to_owned()));
        assert!(parse(&"k".repeat(32)).unwrap().is_some());
        for wrong in ["", "secret", &"k".repeat(31), &format!("{} ", "k".repeat(32))] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(token(&|_| None).unwrap().is_none());
    }
}
