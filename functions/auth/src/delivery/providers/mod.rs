//! Who takes letters, a file each.

mod africas_talking;
mod aws;
mod mime;
mod ses;
mod smtp;
mod sns;
mod twilio;
mod web;

use lettre::message::Mailbox;
use shared::config::{self, ConfigError, EmailProvider, Settings, SmsProvider};

use self::africas_talking::AfricasTalking;
pub(crate) use self::aws::Aws;
use self::ses::Ses;
use self::smtp::Smtp;
use self::sns::Sns;
use self::twilio::Twilio;
use super::outbox::Outbox;
use super::provider::Provider;
use crate::model::{EmailAddress, PhoneNumber};

/// The providers of email in their order.
pub(crate) fn email(settings: &Settings, aws: &Aws) -> Result<Vec<Box<dyn Provider<EmailAddress>>>, ConfigError> {
    let sender = || {
        let from = settings.delivery.email_from.as_deref().and_then(|text| text.parse::<Mailbox>().ok());
        from.map(|from| Mailbox { name: from.name.or_else(|| Some(settings.relying_party.name.clone())), ..from })
            .ok_or(ConfigError::Invalid("WARD_EMAIL_FROM", "an address such as no-reply@example.org or Name <address>"))
    };
    let provider = |provider: &EmailProvider| -> Result<Box<dyn Provider<EmailAddress>>, ConfigError> {
        Ok(match provider {
            EmailProvider::Ses => Box::new(Ses::new(aws.clone(), sender()?)),
            EmailProvider::Smtp(url) => Box::new(Smtp::new(url, sender()?)?),
            EmailProvider::Outbox(folder) => Box::new(Outbox::new(folder)),
        })
    };
    settings.delivery.email.iter().map(provider).collect()
}

/// The providers of SMS in their order.
pub(crate) fn sms(settings: &config::Delivery, aws: &Aws) -> Result<Vec<Box<dyn Provider<PhoneNumber>>>, ConfigError> {
    let provider = |provider: &SmsProvider| -> Result<Box<dyn Provider<PhoneNumber>>, ConfigError> {
        Ok(match provider {
            SmsProvider::Sns => Box::new(Sns::new(aws.clone())),
            SmsProvider::AfricasTalking(account) => Box::new(AfricasTalking::new(account)?),
            SmsProvider::Twilio(account) => Box::new(Twilio::new(account)?),
            SmsProvider::Outbox(folder) => Box::new(Outbox::new(folder)),
        })
    };
    settings.sms.iter().map(provider).collect()
}
