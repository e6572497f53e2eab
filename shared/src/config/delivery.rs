//! Who carries messages to people: email and SMS providers, each list in the order it is tried.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::ConfigError;

/// The providers of each channel, in the order they are tried. An empty list: nothing can be sent.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// For email (`WARD_EMAIL`).
    pub email: Vec<EmailProvider>,
    /// For SMS (`WARD_SMS`).
    pub sms: Vec<SmsProvider>,
    /// Whom mail is from (`WARD_EMAIL_FROM`): an address, or a name and an address in angle brackets. The outbox does
    /// without.
    pub email_from: Option<String>,
}

/// Who sends email.
#[derive(Clone, Debug)]
pub enum EmailProvider {
    /// Amazon SES v2.
    Ses,
    /// An SMTP server, by its URL (`SMTP_URL`).
    Smtp(SecretString),
    /// A folder (`WARD_OUTBOX`): for development and tests.
    Outbox(PathBuf),
}

/// Who sends SMS.
#[derive(Clone, Debug)]
pub enum SmsProvider {
    /// Amazon SNS.
    Sns,
    /// Africa's Talking.
    AfricasTalking(AfricasTalking),
    /// Twilio.
    Twilio(Twilio),
    /// A folder (`WARD_OUTBOX`): for development and tests.
    Outbox(PathBuf),
}

/// An account with Africa's Talking.
#[derive(Clone, Debug)]
pub struct AfricasTalking {
    /// `AFRICASTALKING_USERNAME`.
    pub username: String,
    /// `AFRICASTALKING_API_KEY`.
    pub api_key: SecretString,
    /// Sender id or short code (`AFRICASTALKING_SENDER`); without it the provider's own.
    pub sender: Option<String>,
    /// Base URL without a trailing slash (`AFRICASTALKING_URL`).
    pub url: String,
}

/// An account with Twilio.
#[derive(Clone, Debug)]
pub struct Twilio {
    /// `TWILIO_ACCOUNT_SID`: letters and digits.
    pub account_sid: String,
    /// `TWILIO_AUTH_TOKEN`.
    pub auth_token: SecretString,
    /// The sending number, or a messaging service's SID (`TWILIO_FROM`).
    pub from: String,
    /// Base URL without a trailing slash (`TWILIO_URL`).
    pub url: String,
}

type Get<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads the lists and what each named provider needs.
pub(super) fn delivery(get: Get<'_>, env: &str) -> Result<Delivery, ConfigError> {
    let email = list(get, "WARD_EMAIL", |name| match name {
        "ses" => Some(Ok(EmailProvider::Ses)),
        "smtp" => Some(smtp(get).map(EmailProvider::Smtp)),
        "outbox" => Some(outbox(get, env).map(EmailProvider::Outbox)),
        _ => None,
    })?
    .ok_or(ConfigError::Invalid("WARD_EMAIL", "a comma-separated list of ses, smtp and outbox, each at most once"))?;
    let sms = list(get, "WARD_SMS", |name| match name {
        "sns" => Some(Ok(SmsProvider::Sns)),
        "africastalking" => Some(africas_talking(get).map(SmsProvider::AfricasTalking)),
        "twilio" => Some(twilio(get).map(SmsProvider::Twilio)),
        "outbox" => Some(outbox(get, env).map(SmsProvider::Outbox)),
        _ => None,
    })?
    .ok_or(ConfigError::Invalid(
        "WARD_SMS",
        "a comma-separated list of sns, africastalking, twilio and outbox, each at most once",
    ))?;
    let email_from = get("WARD_EMAIL_FROM");
    if email_from.is_none() && email.iter().any(|provider| !matches!(provider, EmailProvider::Outbox(_))) {
        return Err(ConfigError::Missing("WARD_EMAIL_FROM", "the address mail is sent from, for WARD_EMAIL"));
    }
    Ok(Delivery { email, sms, email_from })
}

/// The providers a setting names; `None` where a name is unknown or stands twice. Without the setting it is the outbox,
/// where there is one.
fn list<P>(
    get: Get<'_>,
    setting: &str,
    provider: impl Fn(&str) -> Option<Result<P, ConfigError>>,
) -> Result<Option<Vec<P>>, ConfigError> {
    let Some(text) = get(setting).or_else(|| get("WARD_OUTBOX").map(|_| "outbox".into())) else {
        return Ok(Some(Vec::new()));
    };
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    let twice = names.iter().enumerate().any(|(at, name)| names[..at].contains(name));
    match names.into_iter().map(provider).collect::<Option<Vec<_>>>() {
        Some(providers) if !twice => providers.into_iter().collect::<Result<_, _>>().map(Some),
        _ => Ok(None),
    }
}

fn need(get: Get<'_>, name: &'static str, why: &'static str) -> Result<String, ConfigError> {
    get(name).ok_or(ConfigError::Missing(name, why))
}

fn outbox(get: Get<'_>, env: &str) -> Result<PathBuf, ConfigError> {
    // What is in the outbox has reached nobody, and whoever reads the folder has the codes.
    if env == "prod" {
        return Err(ConfigError::Invalid(
            "WARD_OUTBOX",
            "for production: name other providers in WARD_EMAIL, WARD_SMS",
        ));
    }
    need(get, "WARD_OUTBOX", "the folder for messages, which WARD_EMAIL or WARD_SMS names as outbox").map(PathBuf::from)
}

/// The server of `smtp`, whose URL has to ask for encryption but on this machine.
pub(super) fn smtp(get: Get<'_>) -> Result<SecretString, ConfigError> {
    let url = need(get, "SMTP_URL", "the server of smtp in WARD_EMAIL, or SMTP_URL_SECRET_ID")?;
    let invalid = ConfigError::Invalid(
        "SMTP_URL",
        "an encrypted connection such as smtps://user:password@host or smtp://user:password@host?tls=required",
    );
    let Ok(parsed) = Url::parse(&url) else { return Err(invalid) };
    let required = parsed.query_pairs().any(|(name, value)| name == "tls" && value == "required");
    let encrypted = parsed.scheme() == "smtps" || (parsed.scheme() == "smtp" && required);
    let local = parsed.scheme() == "smtp" && is_local(&parsed);
    if encrypted || local { Ok(SecretString::from(url)) } else { Err(invalid) }
}

fn africas_talking(get: Get<'_>) -> Result<AfricasTalking, ConfigError> {
    let why = "WARD_SMS names africastalking";
    Ok(AfricasTalking {
        username: need(get, "AFRICASTALKING_USERNAME", why)?,
        api_key: need(
            get,
            "AFRICASTALKING_API_KEY",
            "WARD_SMS names africastalking; or AFRICASTALKING_API_KEY_SECRET_ID",
        )?
        .into(),
        sender: get("AFRICASTALKING_SENDER"),
        url: base_url(get, "AFRICASTALKING_URL", "https://api.africastalking.com")?,
    })
}

fn twilio(get: Get<'_>) -> Result<Twilio, ConfigError> {
    let account_sid = need(get, "TWILIO_ACCOUNT_SID", "WARD_SMS names twilio")?;
    // It becomes a part of a path.
    if !account_sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ConfigError::Invalid("TWILIO_ACCOUNT_SID", "letters and digits"));
    }
    Ok(Twilio {
        account_sid,
        auth_token: need(get, "TWILIO_AUTH_TOKEN", "WARD_SMS names twilio; or TWILIO_AUTH_TOKEN_SECRET_ID")?.into(),
        from: need(get, "TWILIO_FROM", "the sending number or messaging service, for twilio in WARD_SMS")?,
        url: base_url(get, "TWILIO_URL", "https://api.twilio.com")?,
    })
}

fn base_url(get: Get<'_>, name: &'static str, default: &str) -> Result<String, ConfigError> {
    let url = get(name).unwrap_or_else(|| default.into());
    match Url::parse(&url) {
        Ok(parsed) if parsed.scheme() == "https" || (parsed.scheme() == "http" && is_local(&parsed)) => {
            Ok(url.trim_end_matches('/').to_owned())
        }
        _ => Err(ConfigError::Invalid(name, "an https:// URL")),
    }
}

/// Whether a connection stays on this machine, where it need not be encrypted.
fn is_local(url: &Url) -> bool {
    url.host_str().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Delivery, ConfigError> {
        let env = pairs.iter().find(|(name, _)| *name == "WARD_ENV").map_or("dev", |(_, value)| value);
        delivery(&|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()), env)
    }

    fn refusal(pairs: &[(&str, &str)]) -> String {
        parse(pairs).unwrap_err().to_string()
    }

    const TWILIO: [(&str, &str); 3] =
        [("TWILIO_ACCOUNT_SID", "AC0"), ("TWILIO_AUTH_TOKEN", "token"), ("TWILIO_FROM", "+15550100")];

    #[test]
    fn without_settings_nothing_is_sent_and_an_outbox_takes_every_channel_nobody_else_does() {
        let none = parse(&[]).unwrap();
        assert!(none.email.is_empty() && none.sms.is_empty());
        let outbox = parse(&[("WARD_OUTBOX", "out")]).unwrap();
        assert!(matches!(&outbox.email[..], [EmailProvider::Outbox(folder)] if folder.ends_with("out")));
        assert!(matches!(outbox.sms[..], [SmsProvider::Outbox(_)]));
        let mixed =
            parse(&[("WARD_OUTBOX", "out"), ("WARD_EMAIL", "ses"), ("WARD_EMAIL_FROM", "a@b.example")]).unwrap();
        assert!(matches!(mixed.email[..], [EmailProvider::Ses]));
        assert!(matches!(mixed.sms[..], [SmsProvider::Outbox(_)]));
    }

    #[test]
    fn providers_come_in_the_order_they_are_named() {
        let named = [("WARD_SMS", "twilio, sns,outbox"), ("WARD_OUTBOX", "out")];
        let sms = parse(&[&named[..], &TWILIO].concat()).unwrap().sms;
        let [SmsProvider::Twilio(twilio), SmsProvider::Sns, SmsProvider::Outbox(_)] = &sms[..] else {
            panic!("{sms:?}")
        };
        assert_eq!((twilio.from.as_str(), twilio.url.as_str()), ("+15550100", "https://api.twilio.com"));
        for wrong in ["ses,ses", "ses,", "pigeon"] {
            assert!(
                refusal(&[("WARD_EMAIL", wrong), ("WARD_EMAIL_FROM", "a@b.example")]).contains("list of ses, smtp")
            );
        }
    }

    #[test]
    fn what_a_named_provider_lacks_is_said() {
        for (list, missing) in [
            (("WARD_EMAIL", "ses"), "WARD_EMAIL_FROM"),
            (("WARD_EMAIL", "smtp"), "SMTP_URL"),
            (("WARD_EMAIL", "outbox"), "WARD_OUTBOX"),
            (("WARD_SMS", "africastalking"), "AFRICASTALKING_USERNAME"),
            (("WARD_SMS", "twilio"), "TWILIO_ACCOUNT_SID"),
            (("WARD_SMS", "outbox"), "WARD_OUTBOX"),
        ] {
            assert!(refusal(&[list]).starts_with(&format!("set {missing}: ")), "{list:?}");
        }
        assert!(refusal(&[("WARD_OUTBOX", "out"), ("WARD_ENV", "prod")]).contains("not for production"));
    }

    #[test]
    fn an_unencrypted_connection_stays_on_this_machine() {
        let smtp = |url| parse(&[("WARD_EMAIL", "smtp"), ("WARD_EMAIL_FROM", "a@b.example"), ("SMTP_URL", url)]);
        for right in ["smtps://u:p@mail.example", "smtp://mail.example?tls=required", "smtp://127.0.0.1:2525"] {
            assert!(smtp(right).is_ok(), "{right}");
        }
        for wrong in ["smtp://u:marker@mail.example", "smtp://mail.example?tls=opportunistic", "https://mail.example"] {
            let error = smtp(wrong).unwrap_err().to_string();
            assert!(
                error.starts_with("SMTP_URL is not an encrypted connection") && !error.contains("marker"),
                "{error}"
            );
        }
        let twilio = |url| parse(&[&[("WARD_SMS", "twilio"), ("TWILIO_URL", url)][..], &TWILIO].concat());
        assert!(twilio("http://twilio.example").is_err());
        assert!(twilio("http://127.0.0.1:8080/").is_ok());
    }
}
