//! Settings that stand in AWS Secrets Manager, named by `…_SECRET_ID` settings.

use aws_sdk_secretsmanager::Client;

use super::{ConfigError, Lookup};

/// The secrets there are: the setting that names one, and the setting it gives.
const DATABASE: &str = "DATABASE_SECRET_ID";
const OPENAI: &str = "OPENAI_API_KEY_SECRET_ID";

/// A lookup in which the settings held by Secrets Manager have their values.
///
/// # Errors
/// [`ConfigError::Secret`] where a named secret can't be read.
pub(super) async fn resolve(lookup: Lookup) -> Result<Lookup, ConfigError> {
    let database = read(&lookup, DATABASE).await?.map(|secret| database_url(&secret)).transpose()?;
    let openai = read(&lookup, OPENAI).await?;
    Ok(Box::new(move |name| match name {
        "DATABASE_URL" if database.is_some() => database.clone(),
        "OPENAI_API_KEY" if openai.is_some() => openai.clone(),
        _ => lookup(name),
    }))
}

async fn read(lookup: &Lookup, setting: &'static str) -> Result<Option<String>, ConfigError> {
    let Some(id) = lookup(setting).filter(|id| !id.is_empty()) else { return Ok(None) };
    let answer = Client::new(crate::aws::sdk_config().await)
        .get_secret_value()
        .secret_id(id)
        .send()
        .await
        .map_err(|_| ConfigError::Secret(setting, "Secrets Manager refused or did not answer"))?;
    answer.secret_string.map(Some).ok_or(ConfigError::Secret(setting, "it is binary, not text"))
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
