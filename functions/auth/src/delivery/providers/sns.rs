use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::Aws;
use super::aws::refused;
use crate::delivery::provider::{Letter, Provider, Receipt, SendError};
use crate::model::PhoneNumber;

/// Amazon SNS. Its answer does not say what a message costs.
pub(super) struct Sns {
    aws: Aws,
    client: OnceCell<Client>,
}

impl Sns {
    pub(super) fn new(aws: Aws) -> Self {
        Self { aws, client: OnceCell::new() }
    }

    async fn call(&self, letter: &Letter<PhoneNumber>) -> Result<Receipt, SendError> {
        let client = self.client.get_or_init(async || Client::new(&self.aws.config().await)).await;
        // By the route made for codes, not the one made for low cost.
        let transactional = MessageAttributeValue::builder().data_type("String").string_value("Transactional").build();
        let transactional = transactional.map_err(|_| SendError::permanent("the message type has no form"))?;
        let answer = client
            .publish()
            .phone_number(letter.to.as_str())
            .message(&letter.content.sms)
            .message_attributes("AWS.SNS.SMS.SMSType", transactional)
            .send()
            .await
            .map_err(|error| refused(&error))?;
        Ok(Receipt::new(answer.message_id().unwrap_or_default()))
    }
}

impl Provider<PhoneNumber> for Sns {
    fn name(&self) -> &'static str {
        "sns"
    }

    fn send<'a>(&'a self, letter: &'a Letter<PhoneNumber>) -> BoxFuture<'a, Result<Receipt, SendError>> {
        self.call(letter).boxed()
    }
}
