use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lettre::message::Mailbox;
use tokio::sync::OnceCell;

use super::Aws;
use super::aws::refused;
use super::mime::mime;
use crate::delivery::provider::{Letter, Provider, Receipt, SendError};
use crate::model::EmailAddress;

/// Amazon SES, API v2.
pub(super) struct Ses {
    aws: Aws,
    client: OnceCell<Client>,
    from: Mailbox,
}

impl Ses {
    pub(super) fn new(aws: Aws, from: Mailbox) -> Self {
        Self { aws, client: OnceCell::new(), from }
    }

    async fn call(&self, letter: &Letter<EmailAddress>) -> Result<Receipt, SendError> {
        let client = self.client.get_or_init(async || Client::new(&self.aws.config().await)).await;
        let raw = RawMessage::builder().data(Blob::new(mime(letter, &self.from)?.formatted())).build();
        let raw = raw.map_err(|_| SendError::permanent("the message has no raw form"))?;
        let answer = client
            .send_email()
            .from_email_address(self.from.email.to_string())
            .destination(Destination::builder().to_addresses(letter.to.as_str()).build())
            .content(EmailContent::builder().raw(raw).build())
            .send()
            .await
            .map_err(|error| refused(&error))?;
        Ok(Receipt::new(answer.message_id().unwrap_or_default()))
    }
}

impl Provider<EmailAddress> for Ses {
    fn name(&self) -> &'static str {
        "ses"
    }

    fn send<'a>(&'a self, letter: &'a Letter<EmailAddress>) -> BoxFuture<'a, Result<Receipt, SendError>> {
        self.call(letter).boxed()
    }
}
