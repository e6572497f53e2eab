use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lettre::message::Mailbox;
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use shared::config::ConfigError;
use url::Url;

use super::mime::{message_id, mime};
use crate::delivery::CALL_LIMIT;
use crate::delivery::provider::{Letter, Provider, Receipt, SendError};
use crate::model::EmailAddress;

/// An SMTP server. Each letter has a connection of its own: between two invocations a kept one would go stale.
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    pub(super) fn new(url: &SecretString, from: Mailbox) -> Result<Self, ConfigError> {
        let url = url.expose_secret();
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| ConfigError::Invalid("SMTP_URL", "a URL such as smtps://user:password@host:465"))?
            .timeout(Some(CALL_LIMIT));
        // A path in the URL is the name to greet with.
        if Url::parse(url).is_ok_and(|url| url.path().len() <= 1) {
            transport = transport.hello_name(ClientId::Domain(from.email.domain().to_owned()));
        }
        let transport = transport.build();
        Ok(Self { transport, from })
    }

    /// The server's answer could quote the address, so the receipt holds the `Message-ID`, which servers log.
    async fn call(&self, letter: &Letter<EmailAddress>) -> Result<Receipt, SendError> {
        let message = mime(letter, &self.from)?;
        self.transport.send(message).await.map_err(|error| refused(&error))?;
        Ok(Receipt::new(message_id(letter, &self.from).trim_matches(['<', '>'])))
    }
}

fn refused(error: &lettre::transport::smtp::Error) -> SendError {
    if let Some(code) = error.status() {
        let reason = format!("the SMTP server answered {code}");
        return if error.is_permanent() { SendError::permanent(reason) } else { SendError::transient(reason) };
    }
    if error.is_client() {
        // For instance no common way to authenticate, or no STARTTLS where it is required.
        return SendError::permanent("the SMTP server can't be used as SMTP_URL says");
    }
    if error.is_tls() {
        return SendError::permanent("the SMTP server's certificate is not trusted");
    }
    SendError::transient(if error.is_timeout() {
        "the SMTP server took too long"
    } else {
        "the SMTP server could not be reached"
    })
}

impl Provider<EmailAddress> for Smtp {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn send<'a>(&'a self, letter: &'a Letter<EmailAddress>) -> BoxFuture<'a, Result<Receipt, SendError>> {
        self.call(letter).boxed()
    }
}
