//! Settings that stand in AWS Secrets Manager, named by `…_SECRET_ID` settings.

use aws_sdk_secretsmanager::Client;
use futures_util::TryFutureExt;
use futures_util::future::{try_join, try_join_all};

use super::{ConfigError, Lookup};

/// The setting that names the database's secret: a URL, or RDS's fields.
const DATABASE: &str = "DATABASE_SECRET_ID";
const TOKEN_KEYS: &str = "WARD_TOKEN_KEYS_SECRET_ID";

/// The secrets whose text is a setting's value: the setting that names one, and the setting it gives.
const PLAIN: [(&str, &str); 7] = [
    (TOKEN_KEYS, "WARD_TOKEN_KEYS"),
    ("GITHUB_CLIENT_SECRET_SECRET_ID", "GITHUB_CLIENT_SECRET"),
    ("OPENAI_API_KEY_SECRET_ID", "OPENAI_API_KEY"),
    ("SMTP_URL_SECRET_ID", "SMTP_URL"),
    ("AFRICASTALKING_API_KEY_SECRET_ID", "AFRICASTALKING_API_KEY"),
    ("TWILIO_AUTH_TOKEN_SECRET_ID", "TWILIO_AUTH_TOKEN"),
    ("METRICS_TOKEN_SECRET_ID", "METRICS_TOKEN"),
];

/// A lookup in which the settings held by Secrets Manager have their values.
///
/// # Errors
/// [`ConfigError::Secret`] where a named secret can't be read.
pub(super) async fn resolve(lookup: Lookup) -> Result<Lookup, ConfigError> {
    let plain = PLAIN.map(|(secret, setting)| read(&lookup, secret).map_ok(move |value| (setting, value)));
    let (database, plain) = try_join(read(&lookup, DATABASE), try_join_all(plain)).await?;
    let database = database.map(|secret| database_url(&secret, lookup("DATABASE_URL").as_deref())).transpose()?;
    let values: Vec<(&str, String)> = plain
        .into_iter()
        .chain([("DATABASE_URL", database)])
        .filter_map(|(setting, value)| Some((setting, value?)))
        .collect();
    Ok(Box::new(move |name| {
        let held = values.iter().find(|(setting, _)| *setting == name).map(|(_, value)| value.clone());
        held.or_else(|| lookup(name))
    }))
}

/// The token keys, read by themselves: they change while a function runs.
pub(super) async fn token_keys(id: &str) -> Result<String, ConfigError> {
    fetch(id, TOKEN_KEYS).await
}

async fn read(lookup: &Lookup, setting: &'static str) -> Result<Option<String>, ConfigError> {
    match lookup(setting).filter(|id| !id.is_empty()) {
        Some(id) => fetch(&id, setting).await.map(Some),
        None => Ok(None),
    }
}

async fn fetch(id: &str, setting: &'static str) -> Result<String, ConfigError> {
    let answer = Client::new(crate::aws::sdk_config().await)
        .get_secret_value()
        .secret_id(id)
        .send()
        .await
        .map_err(|_| ConfigError::Secret(setting, "Secrets Manager refused or did not answer"))?;
    answer.secret_string.ok_or(ConfigError::Secret(setting, "it is binary, not text"))
}

/// The fields that RDS and the rotation of Secrets Manager write. The secret that RDS itself manages has only the first two.
#[derive(serde::Deserialize)]
struct DatabaseSecret {
    username: String,
    password: String,
    host: Option<String>,
    #[serde(default = "default_port")]
    port: u16,
    dbname: Option<String>,
}

fn default_port() -> u16 {
    5432
}

/// The URL that a secret stands for. Where the secret only says who, `given` says where.
fn database_url(secret: &str, given: Option<&str>) -> Result<String, ConfigError> {
    if secret.starts_with("postgres") {
        return Ok(secret.to_owned());
    }
    let fields: DatabaseSecret = serde_json::from_str(secret).map_err(|_| {
        ConfigError::Secret(
            DATABASE,
            "it needs username and password, and host and dbname unless DATABASE_URL has them",
        )
    })?;
    let invalid = |()| ConfigError::Secret(DATABASE, "a field is not fit for a URL");
    let mut url = match (&fields.host, &fields.dbname) {
        (Some(host), Some(dbname)) => {
            let mut url = url::Url::parse("postgres://localhost/?sslmode=require")
                .map_err(|_| ConfigError::Secret(DATABASE, "no URL could be built"))?;
            url.set_host(Some(host)).map_err(|_| invalid(()))?;
            url.set_port(Some(fields.port)).map_err(invalid)?;
            url.set_path(dbname);
            url
        }
        (Some(_), None) => return Err(ConfigError::Secret(DATABASE, "it has a host and no dbname")),
        (None, _) => address(given.unwrap_or_default())?,
    };
    // The URL standard leaves a percent sign as it is, and whoever reads the URL would take it for an escape.
    let escaped = |text: &str| text.replace('%', "%25");
    url.set_username(&escaped(&fields.username)).map_err(invalid)?;
    url.set_password(Some(&escaped(&fields.password))).map_err(invalid)?;
    Ok(url.into())
}

/// `DATABASE_URL` as it stands beside a secret: it says where the database is, and not who signs in.
fn address(text: &str) -> Result<url::Url, ConfigError> {
    const WANTED: &str = "postgres://host:5432/name?sslmode=verify-full, to which DATABASE_SECRET_ID's secret brings user \
        and password, without a host";
    if text.trim().is_empty() {
        return Err(ConfigError::Missing("DATABASE_URL", WANTED));
    }
    let invalid = ConfigError::Invalid("DATABASE_URL", WANTED);
    let Ok(url) = url::Url::parse(text.trim()) else { return Err(invalid) };
    let says_who = !url.username().is_empty()
        || url.password().is_some()
        || url.query_pairs().any(|(name, _)| ["user", "password"].contains(&name.as_ref()));
    let is_address = url.scheme().starts_with("postgres") && url.has_host() && url.path().len() > 1;
    if says_who || !is_address { Err(invalid) } else { Ok(url) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rds_secret_becomes_a_url_that_asks_for_tls() {
        let secret = r#"{"username":"u","password":"p@/:","host":"db.internal","port":5433,"dbname":"ward","engine":"postgres"}"#;
        let url = "postgres://u:p%40%2F%3A@db.internal:5433/ward?sslmode=require";
        assert_eq!(database_url(secret, None).unwrap(), url);
        assert_eq!(database_url(secret, Some("postgres://elsewhere/ward")).unwrap(), url);
        assert!(database_url("{}", None).is_err());
        assert!(database_url(r#"{"username":"u","password":"p","host":"db.internal"}"#, None).is_err());
    }

    #[test]
    fn a_secret_that_only_says_who_takes_the_address_from_the_url() {
        let secret = r#"{"username":"ward","password":"a?b#c[d%41"}"#;
        let url = database_url(secret, Some("postgres://db.internal:5433/ward?sslmode=verify-full")).unwrap();
        assert!(url.ends_with("@db.internal:5433/ward?sslmode=verify-full"), "{url}");
        let config = crate::data::connect::config(&url).unwrap();
        assert_eq!((config.get_user(), config.get_password()), (Some("ward"), Some(b"a?b#c[d%41".as_slice())));
        for wrong in [
            "postgres://u@db.internal/ward",
            "postgres://u:marker-7f@db.internal/ward",
            "postgres://db.internal/ward?password=marker-7f",
            "postgres://db.internal",
            "postgres:///ward",
            "host=db.internal dbname=ward",
            "https://db.internal/ward",
        ] {
            let error = database_url(secret, Some(wrong)).unwrap_err();
            assert!(matches!(error, ConfigError::Invalid("DATABASE_URL", _)), "{wrong}");
        }
        for missing in [None, Some(" ")] {
            assert!(matches!(database_url(secret, missing), Err(ConfigError::Missing("DATABASE_URL", _))));
        }
    }
}
