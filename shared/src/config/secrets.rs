//! Settings that stand in AWS Secrets Manager, named by `…_SECRET_ID` settings.

use aws_sdk_secretsmanager::Client;
use futures_util::TryFutureExt;
use futures_util::future::{try_join, try_join_all};

use super::{ConfigError, Lookup};

/// The setting that names the database's secret, which is a URL or RDS's fields.
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
    let database = database.map(|secret| database_url(&secret)).transpose()?;
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

/// The fields RDS writes into a managed secret, plus `host` and `dbname`.
#[derive(serde::Deserialize)]
struct DatabaseSecret {
    username: String,
    password: String,
    host: String,
    #[serde(default = "default_port")]
    port: u16,
    dbname: String,
}

fn default_port() -> u16 {
    5432
}

fn database_url(secret: &str) -> Result<String, ConfigError> {
    if secret.starts_with("postgres") {
        return Ok(secret.to_owned());
    }
    let fields: DatabaseSecret = serde_json::from_str(secret)
        .map_err(|_| ConfigError::Secret(DATABASE, "it needs username, password, host, dbname"))?;
    let mut url = url::Url::parse("postgres://localhost/?sslmode=require")
        .map_err(|_| ConfigError::Secret(DATABASE, "no URL could be built"))?;
    let invalid = |()| ConfigError::Secret(DATABASE, "a field is not fit for a URL");
    url.set_host(Some(&fields.host)).map_err(|_| invalid(()))?;
    url.set_port(Some(fields.port)).map_err(invalid)?;
    url.set_username(&fields.username).map_err(invalid)?;
    url.set_password(Some(&fields.password)).map_err(invalid)?;
    url.set_path(&fields.dbname);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rds_secret_becomes_a_url_that_asks_for_tls() {
        let secret = r#"{"username":"u","password":"p@/:","host":"db.internal","port":5433,"dbname":"ward","engine":"postgres"}"#;
        assert_eq!(database_url(secret).unwrap(), "postgres://u:p%40%2F%3A@db.internal:5433/ward?sslmode=require");
        assert!(database_url("{}").is_err());
    }
}
