//! From names and values to [`Settings`].

use secrecy::SecretString;
use url::Url;

use super::delivery::delivery;
use super::keyrings::keyrings;
use super::passwords::passwords;
use super::{ConfigError, Price, Quota, RateLimits, RelyingParty, SessionLimits, Settings, TokenSettings, Upstream};

/// A source of settings by name.
pub type Lookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

const SEVEN_DAYS: i64 = 7 * 24 * 3600;

/// Nano-dollars per token of the models whose price is known here: (model, input, output).
const KNOWN_PRICES: [(&str, u64, u64); 4] = [
    // The built-in model costs nothing to run; it is priced like a small hosted one, so that costs can be seen.
    ("ward-local", 150, 600),
    ("gpt-4o-mini", 150, 600),
    ("gpt-4o", 2_500, 10_000),
    ("gpt-4.1-mini", 400, 1_600),
];

pub(super) fn settings(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Settings, ConfigError> {
    let get = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
    let origins = origins(&get("WARD_ORIGINS").unwrap_or_else(|| "http://localhost:9000".into()))?;
    let app = get("WARD_APP").unwrap_or_else(|| "ward".into());
    let env = get("WARD_ENV").unwrap_or_else(|| "dev".into());
    Ok(Settings {
        tokens: tokens(&get, &origins, format!("{app}-{env}"))?,
        app,
        delivery: delivery(&get, &env)?,
        env,
        database: super::data::database(&get)?,
        cache: super::data::cache(&get)?,
        keyring: keyrings(&get)?,
        relying_party: relying_party(&get, &origins)?,
        github: super::github::github(&get, &origins)?,
        origins,
        upstream: upstream(&get)?,
        quota: Quota {
            tokens: number(&get, "WARD_DAILY_TOKENS", 100_000)?,
            calls: number(&get, "WARD_DAILY_CALLS", 500)?,
        },
        storage: super::storage::parse(&get)?,
        session: session_limits(&get)?,
        sign_in: super::sign_in::parse(&get)?,
        rate_limits: RateLimits {
            anonymous: number(&get, "WARD_LIMIT_ANONYMOUS", 100)?,
            user: number(&get, "WARD_LIMIT_USER", 1_000)?,
            sign_in: number(&get, "WARD_LIMIT_SIGN_IN", 5)?,
        },
        passwords: passwords(&get)?,
        files: super::files::parse(&get)?,
        account: super::account::parse(&get)?,
        metrics_token: super::metrics::token(&get)?,
        function_version: get("AWS_LAMBDA_FUNCTION_VERSION"),
        database_pool: number(&get, "WARD_DATABASE_POOL", 2)?,
    })
}

pub(super) fn number<T: std::str::FromStr>(
    get: &dyn Fn(&str) -> Option<String>,
    name: &'static str,
    default: T,
) -> Result<T, ConfigError> {
    get(name)
        .map_or(Ok(default), |value| value.trim().parse().map_err(|_| ConfigError::Invalid(name, "a whole number")))
}

fn origins(list: &str) -> Result<Vec<Url>, ConfigError> {
    list.split(',')
        .map(|origin| Url::parse(origin.trim()))
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|origins| origins.iter().all(|origin| origin.origin().is_tuple()))
        .ok_or(ConfigError::Invalid("WARD_ORIGINS", "a comma-separated list of origins such as https://app.example"))
}

fn relying_party(get: &dyn Fn(&str) -> Option<String>, origins: &[Url]) -> Result<RelyingParty, ConfigError> {
    let id = get("WARD_RP_ID")
        .or_else(|| origins.first().and_then(|origin| origin.host_str().map(str::to_owned)))
        .ok_or(ConfigError::Missing("WARD_RP_ID", "the domain that passkeys belong to"))?;
    Ok(RelyingParty { id, name: get("WARD_RP_NAME").unwrap_or_else(|| "Ward".into()) })
}

fn tokens(
    get: &dyn Fn(&str) -> Option<String>,
    origins: &[Url],
    audience: String,
) -> Result<TokenSettings, ConfigError> {
    let first_origin = || origins.first().map(|origin| origin.origin().ascii_serialization());
    let issuer = get("WARD_ISSUER")
        .map(|issuer| issuer.trim().to_owned())
        .or_else(first_origin)
        .ok_or(ConfigError::Missing("WARD_ISSUER", "the URL that access tokens name as their issuer"))?;
    // RFC 8414, section 2.
    let url = Url::parse(&issuer).ok().filter(|url| url.query().is_none() && url.fragment().is_none());
    if url.is_none_or(|url| !["https", "http"].contains(&url.scheme())) {
        return Err(ConfigError::Invalid("WARD_ISSUER", "a URL without a query or fragment"));
    }
    Ok(TokenSettings {
        issuer,
        audience,
        keys: get("WARD_TOKEN_KEYS").map(SecretString::from),
        keys_secret_id: get("WARD_TOKEN_KEYS_SECRET_ID"),
    })
}

fn session_limits(get: &dyn Fn(&str) -> Option<String>) -> Result<SessionLimits, ConfigError> {
    let limits = SessionLimits {
        idle_seconds: number(get, "WARD_SESSION_IDLE_SECONDS", 30 * 60)?,
        absolute_seconds: number(get, "WARD_SESSION_ABSOLUTE_SECONDS", 24 * 3600)?,
        bearer_seconds: number(get, "WARD_REFRESH_SECONDS", SEVEN_DAYS)?,
    };
    if !(1..=SEVEN_DAYS).contains(&limits.absolute_seconds) {
        return Err(ConfigError::Invalid("WARD_SESSION_ABSOLUTE_SECONDS", "between 1 second and 7 days"));
    }
    if !(1..=SEVEN_DAYS).contains(&limits.bearer_seconds) {
        return Err(ConfigError::Invalid("WARD_REFRESH_SECONDS", "between 1 second and 7 days"));
    }
    if !(1..=limits.absolute_seconds).contains(&limits.idle_seconds) {
        return Err(ConfigError::Invalid("WARD_SESSION_IDLE_SECONDS", "between 1 second and the absolute limit"));
    }
    Ok(limits)
}

fn upstream(get: &dyn Fn(&str) -> Option<String>) -> Result<Upstream, ConfigError> {
    let model = get("OPENAI_MODEL").unwrap_or_else(|| "gpt-4o-mini".into());
    let base_url = get("OPENAI_BASE_URL").unwrap_or_else(|| "https://api.openai.com/v1".into());
    Url::parse(&base_url).map_err(|_| ConfigError::Invalid("OPENAI_BASE_URL", "a URL"))?;
    Ok(Upstream {
        base_url: base_url.trim_end_matches('/').to_owned(),
        api_key: get("OPENAI_API_KEY").map(SecretString::from),
        price: price(get, &model)?,
        model,
        max_answer_tokens: number(get, "WARD_MAX_ANSWER_TOKENS", 1_024)?,
    })
}

/// A model without a price is refused: what it costs would otherwise go uncounted.
fn price(get: &dyn Fn(&str) -> Option<String>, model: &str) -> Result<Price, ConfigError> {
    let known = KNOWN_PRICES.iter().find(|(name, ..)| *name == model);
    let side = |name: &'static str, known: Option<u64>| match known {
        Some(known) => number(get, name, known),
        None if get(name).is_some() => number(get, name, 0),
        None => Err(ConfigError::Missing(name, "nano-dollars per token of OPENAI_MODEL, which has no known price")),
    };
    Ok(Price {
        input: side("OPENAI_PRICE_INPUT", known.map(|price| price.1))?,
        output: side("OPENAI_PRICE_OUTPUT", known.map(|price| price.2))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        settings(&|name| {
            let all = [("DATABASE_URL", "postgres://localhost"), ("WARD_KEY_FILE", "key")];
            pairs.iter().chain(&all).find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let settings = parse(&[]).unwrap();
        assert_eq!(settings.relying_party.id, "localhost");
        assert_eq!(settings.session.idle_seconds, 1_800);
        assert_eq!(settings.rate_limits.sign_in, 5);
        assert_eq!(settings.upstream.price.cost(10, 20), 10 * 150 + 20 * 600);
    }

    #[test]
    fn tokens_are_issued_by_the_first_origin_for_this_environment() {
        let origins = ("WARD_ORIGINS", "https://ward.example,https://other.example");
        let tokens = parse(&[origins, ("WARD_ENV", "prod")]).unwrap().tokens;
        assert_eq!((tokens.issuer.as_str(), tokens.audience.as_str()), ("https://ward.example", "ward-prod"));
        assert!(tokens.keys.is_none());
        let tokens =
            parse(&[origins, ("WARD_ISSUER", "https://id.example/ward"), ("WARD_APP", "maia")]).unwrap().tokens;
        assert_eq!((tokens.issuer.as_str(), tokens.audience.as_str()), ("https://id.example/ward", "maia-dev"));
        for wrong in ["ward", "urn:ward", "https://id.example?a=b", "https://id.example#a"] {
            let error = parse(&[("WARD_ISSUER", wrong)]).unwrap_err();
            assert!(matches!(error, ConfigError::Invalid("WARD_ISSUER", _)), "{wrong}");
        }
    }

    #[test]
    fn the_token_keys_do_not_print_themselves() {
        let settings = parse(&[("WARD_TOKEN_KEYS", "marker-7f")]).unwrap();
        assert!(settings.tokens.keys.is_some());
        assert!(!format!("{settings:?}").contains("marker-7f"));
    }

    #[test]
    fn a_model_without_a_price_is_refused() {
        assert!(matches!(parse(&[("OPENAI_MODEL", "new")]), Err(ConfigError::Missing("OPENAI_PRICE_INPUT", _))));
        let priced = [("OPENAI_MODEL", "new"), ("OPENAI_PRICE_INPUT", "1"), ("OPENAI_PRICE_OUTPUT", "0")];
        assert_eq!(parse(&priced).unwrap().upstream.price, Price { input: 1, output: 0 });
    }

    #[test]
    fn an_error_names_the_setting_and_never_its_value() {
        let error = parse(&[("WARD_DAILY_TOKENS", "marker-7f")]).unwrap_err().to_string();
        assert_eq!(error, "WARD_DAILY_TOKENS is not a whole number");
        assert!(parse(&[("WARD_SESSION_ABSOLUTE_SECONDS", "604801")]).is_err());
        assert!(parse(&[("WARD_ORIGINS", "not an origin")]).is_err());
    }
}
