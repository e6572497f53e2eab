//! GitHub: a way to sign in, and where apps work in a user's name.

use secrecy::SecretString;
use url::{Host, Url};

use super::ConfigError;

/// The path GitHub sends the browser back to.
pub const GITHUB_CALLBACK: &str = "/api/auth/github/callback";

/// An OAuth app or a GitHub App.
#[derive(Clone, Debug)]
pub struct GitHub {
    /// The app's client id (`GITHUB_CLIENT_ID`).
    pub client_id: String,
    /// Its secret (`GITHUB_CLIENT_SECRET`).
    pub client_secret: SecretString,
    /// What users are asked to grant (`GITHUB_SCOPES`, with spaces between); a GitHub App's permissions stand with
    /// GitHub instead.
    pub scopes: Vec<String>,
    /// Where users sign in (`GITHUB_URL`), without a trailing slash.
    pub url: String,
    /// Where the API is (`GITHUB_API_URL`), without a trailing slash.
    pub api_url: String,
    /// Where GitHub sends the browser back to (`GITHUB_REDIRECT_URI`): to the letter what the app has registered.
    pub redirect_uri: Url,
}

/// `None` without a client id: there is no sign-in with GitHub then.
pub(super) fn github(get: &dyn Fn(&str) -> Option<String>, origins: &[Url]) -> Result<Option<GitHub>, ConfigError> {
    let Some(client_id) = get("GITHUB_CLIENT_ID") else { return Ok(None) };
    // It becomes a part of a path.
    if !client_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
        return Err(ConfigError::Invalid("GITHUB_CLIENT_ID", "letters, digits, dots and hyphens"));
    }
    let client_secret = get("GITHUB_CLIENT_SECRET").map(SecretString::from).ok_or(ConfigError::Missing(
        "GITHUB_CLIENT_SECRET",
        "the secret of the app GITHUB_CLIENT_ID, or GITHUB_CLIENT_SECRET_SECRET_ID",
    ))?;
    Ok(Some(GitHub {
        client_id,
        client_secret,
        scopes: scopes(&get("GITHUB_SCOPES").unwrap_or_else(|| "read:user user:email".into()))?,
        url: base_url(get, "GITHUB_URL", "https://github.com")?,
        api_url: base_url(get, "GITHUB_API_URL", "https://api.github.com")?,
        redirect_uri: redirect_uri(get, origins)?,
    }))
}

fn scopes(list: &str) -> Result<Vec<String>, ConfigError> {
    let scopes: Vec<String> = list.split_whitespace().map(str::to_owned).collect();
    let letter = |byte: u8| byte.is_ascii_lowercase() || b":_".contains(&byte);
    if scopes.iter().all(|scope| scope.bytes().all(letter)) {
        Ok(scopes)
    } else {
        Err(ConfigError::Invalid("GITHUB_SCOPES", "a list of scopes with spaces between, such as repo workflow"))
    }
}

fn redirect_uri(get: &dyn Fn(&str) -> Option<String>, origins: &[Url]) -> Result<Url, ConfigError> {
    let given = match get("GITHUB_REDIRECT_URI") {
        Some(uri) => Url::parse(&uri).ok(),
        None => origins.first().and_then(|origin| origin.join(GITHUB_CALLBACK).ok()),
    };
    given
        .filter(|uri| is_protected(uri) && uri.path().ends_with(GITHUB_CALLBACK) && uri.query().is_none())
        .ok_or(ConfigError::Invalid("GITHUB_REDIRECT_URI", "an https:// URL that ends in /api/auth/github/callback"))
}

fn base_url(get: &dyn Fn(&str) -> Option<String>, name: &'static str, default: &str) -> Result<String, ConfigError> {
    let text = get(name).unwrap_or_else(|| default.into());
    match Url::parse(&text) {
        Ok(url) if is_protected(&url) && url.query().is_none() => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(ConfigError::Invalid(name, "an https:// URL without a query")),
    }
}

/// Whether nobody on the way can read along: TLS, or a connection that stays on this machine.
fn is_protected(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    plain && (url.scheme() == "https" || (url.scheme() == "http" && local))
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: [(&str, &str); 2] = [("GITHUB_CLIENT_ID", "Iv1.0a"), ("GITHUB_CLIENT_SECRET", "secret")];

    fn parse(pairs: &[(&str, &str)]) -> Result<Option<GitHub>, ConfigError> {
        let origins = [Url::parse("https://app.example").unwrap(), Url::parse("https://other.example").unwrap()];
        github(&|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()), &origins)
    }

    fn with(pair: (&str, &str)) -> Result<Option<GitHub>, ConfigError> {
        parse(&[&[pair][..], &APP].concat())
    }

    #[test]
    fn there_is_none_without_a_client_id_and_none_without_its_secret() {
        assert!(parse(&[]).unwrap().is_none());
        assert!(matches!(parse(&APP[..1]), Err(ConfigError::Missing("GITHUB_CLIENT_SECRET", _))));
    }

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let github = parse(&APP).unwrap().unwrap();
        assert_eq!(github.scopes, ["read:user", "user:email"]);
        assert_eq!(github.url, "https://github.com");
        assert_eq!(github.api_url, "https://api.github.com");
        assert_eq!(github.redirect_uri.as_str(), "https://app.example/api/auth/github/callback");
    }

    #[test]
    fn what_a_token_or_a_code_would_leak_by_is_refused() {
        for (name, wrong) in [
            ("GITHUB_URL", "http://github.com"),
            ("GITHUB_URL", "https://user@github.com"),
            ("GITHUB_API_URL", "https://api.github.com?x"),
            ("GITHUB_API_URL", "ftp://api.github.com"),
            ("GITHUB_REDIRECT_URI", "http://app.example/api/auth/github/callback"),
            ("GITHUB_REDIRECT_URI", "https://app.example/elsewhere"),
            ("GITHUB_REDIRECT_URI", "https://app.example/api/auth/github/callback#x"),
            ("GITHUB_CLIENT_ID", "a/../b"),
            ("GITHUB_SCOPES", "repo,workflow"),
        ] {
            assert!(matches!(with((name, wrong)), Err(ConfigError::Invalid(said, _)) if said == name), "{wrong}");
        }
        let enterprise = with(("GITHUB_API_URL", "https://github.example/api/v3/")).unwrap().unwrap();
        assert_eq!(enterprise.api_url, "https://github.example/api/v3");
        assert!(with(("GITHUB_URL", "http://127.0.0.1:8080")).is_ok());
        assert_eq!(with(("GITHUB_SCOPES", " repo  workflow ")).unwrap().unwrap().scopes, ["repo", "workflow"]);
    }
}
