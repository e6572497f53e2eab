//! Where PostgreSQL and the cache are, and how they are told who we are.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::ConfigError;
use crate::data::connect;

/// PostgreSQL.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Where it is (`DATABASE_URL`, or the secret `DATABASE_SECRET_ID`).
    pub url: SecretString,
    /// What signs in (`DATABASE_AUTH`).
    pub auth: DatabaseAuth,
    /// Roots beside the public ones (`WARD_CA_FILE`).
    pub ca_file: Option<PathBuf>,
}

/// What signs in to PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseAuth {
    /// The URL's password, if there is one.
    Password,
    /// A token of IAM's, made for each connection.
    Iam,
}

impl From<String> for DatabaseSettings {
    /// The database at a URL, with what the URL says and nothing else.
    fn from(url: String) -> Self {
        Self { url: url.into(), auth: DatabaseAuth::Password, ca_file: None }
    }
}

/// Redis or Valkey.
#[derive(Clone, Debug)]
pub struct CacheSettings {
    /// Where it is (`REDIS_URL`).
    pub url: SecretString,
    /// The replication group that IAM signs in to (`REDIS_CLUSTER_NAME`); `None` where the URL's password does
    /// (`REDIS_AUTH`).
    pub iam_cluster: Option<String>,
    /// Roots beside the public ones (`WARD_CA_FILE`).
    pub ca_file: Option<PathBuf>,
}

const URL_WITHOUT_PASSWORD: &str = "a libpq URL without a password: with DATABASE_AUTH=iam a token takes its place";

pub(super) fn database(lookup: &dyn Fn(&str) -> Option<String>) -> Result<DatabaseSettings, ConfigError> {
    let get = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
    let url = get("DATABASE_URL")
        .ok_or(ConfigError::Missing("DATABASE_URL", "where PostgreSQL is, or DATABASE_SECRET_ID"))?;
    let auth = if is_iam(&get, "DATABASE_AUTH")? { DatabaseAuth::Iam } else { DatabaseAuth::Password };
    if auth == DatabaseAuth::Iam && connect::config(&url).is_ok_and(|config| config.get_password().is_some()) {
        return Err(ConfigError::Invalid("DATABASE_URL", URL_WITHOUT_PASSWORD));
    }
    Ok(DatabaseSettings { url: url.into(), auth, ca_file: ca_file(&get) })
}

pub(super) fn cache(get: &dyn Fn(&str) -> Option<String>) -> Result<Option<CacheSettings>, ConfigError> {
    let iam = is_iam(get, "REDIS_AUTH")?;
    let Some(url) = get("REDIS_URL").map(SecretString::from) else {
        let missing = ConfigError::Missing("REDIS_URL", "where the cache is that REDIS_AUTH=iam signs in to");
        return if iam { Err(missing) } else { Ok(None) };
    };
    let mut iam_cluster = None;
    if iam {
        check_for_iam(url.expose_secret())?;
        let what = "the id of the replication group that REDIS_AUTH=iam signs in to";
        iam_cluster = Some(get("REDIS_CLUSTER_NAME").ok_or(ConfigError::Missing("REDIS_CLUSTER_NAME", what))?);
    }
    Ok(Some(CacheSettings { url, iam_cluster, ca_file: ca_file(get) }))
}

fn ca_file(get: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    get("WARD_CA_FILE").map(PathBuf::from)
}

fn is_iam(get: &dyn Fn(&str) -> Option<String>, name: &'static str) -> Result<bool, ConfigError> {
    match get(name).as_deref() {
        None | Some("password") => Ok(false),
        Some("iam") if cfg!(feature = "aws") => Ok(true),
        Some("iam") => Err(ConfigError::Invalid(name, "password, which is all this build can do")),
        Some(_) => Err(ConfigError::Invalid(name, "password or iam")),
    }
}

/// A token tells who we are, as a password does: it goes to a verified server or to this machine.
fn check_for_iam(url: &str) -> Result<(), ConfigError> {
    let invalid = |what| ConfigError::Invalid("REDIS_URL", what);
    let url = Url::parse(url).map_err(|_| invalid("a redis:// or rediss:// URL"))?;
    if url.password().is_some() {
        return Err(invalid("a URL without a password: with REDIS_AUTH=iam a token takes its place"));
    }
    if url.username().is_empty() {
        return Err(invalid("a URL with a user, such as rediss://user@host:6379, which REDIS_AUTH=iam needs"));
    }
    if !["rediss", "valkeys"].contains(&url.scheme()) && !is_loopback(&url) {
        return Err(invalid("a rediss:// URL: REDIS_AUTH=iam sends no token in clear"));
    }
    Ok(())
}

fn is_loopback(url: &Url) -> bool {
    // The URL standard knows no kinds of hosts in such a scheme: an address is a name there.
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn a_password_is_the_default_and_another_word_is_refused() {
        let url = ("DATABASE_URL", "postgres://u:p@localhost/d");
        assert_eq!(database(&lookup(&[url])).unwrap().auth, DatabaseAuth::Password);
        assert!(matches!(
            database(&lookup(&[url, ("DATABASE_AUTH", "IAM ")])),
            Err(ConfigError::Invalid("DATABASE_AUTH", _))
        ));
        assert!(matches!(cache(&lookup(&[("REDIS_AUTH", "none")])), Err(ConfigError::Invalid("REDIS_AUTH", _))));
        assert!(cache(&lookup(&[])).unwrap().is_none());
    }

    #[cfg(feature = "aws")]
    #[test]
    fn a_token_and_a_password_exclude_each_other() {
        let iam = ("DATABASE_AUTH", "iam");
        for right in ["postgres://u@localhost/d", "host=db.example user=u sslmode=verify-full"] {
            assert_eq!(database(&lookup(&[("DATABASE_URL", right), iam])).unwrap().auth, DatabaseAuth::Iam);
        }
        for wrong in ["postgres://u:marker-7f@localhost/d", "postgres://u@localhost/d?password=marker-7f"] {
            let error = database(&lookup(&[("DATABASE_URL", wrong), iam])).unwrap_err().to_string();
            assert!(error.contains("without a password") && !error.contains("marker-7f"), "{error}");
        }
    }

    #[cfg(feature = "aws")]
    #[test]
    fn a_cache_of_iams_has_a_user_a_cluster_and_tls() {
        let parse = |url, more: &[_]| cache(&lookup(&[&[("REDIS_URL", url), ("REDIS_AUTH", "iam")], more].concat()));
        let cluster = ("REDIS_CLUSTER_NAME", "ward-prod");
        for right in
            ["rediss://u@cache.example:6379", "redis://u@127.0.0.1:1", "redis://u@localhost", "redis://u@[::1]"]
        {
            let settings = parse(right, &[cluster]).unwrap().unwrap();
            assert_eq!(settings.iam_cluster.as_deref(), Some("ward-prod"), "{right}");
        }
        for wrong in
            ["redis://u@cache.example", "rediss://u:p@cache.example", "rediss://cache.example", "cache.example"]
        {
            assert!(matches!(parse(wrong, &[cluster]), Err(ConfigError::Invalid("REDIS_URL", _))), "{wrong}");
        }
        let error = parse("rediss://u@cache.example", &[]).unwrap_err();
        assert!(matches!(error, ConfigError::Missing("REDIS_CLUSTER_NAME", _)));
        assert!(matches!(cache(&lookup(&[("REDIS_AUTH", "iam")])), Err(ConfigError::Missing("REDIS_URL", _))));
    }
}
