use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::AUTHORIZATION;
use secrecy::ExposeSecret;
use serde::Deserialize;
use shared::config::{self, ConfigError};

use super::web::Web;
use crate::delivery::provider::{Cost, Letter, Provider, Receipt, SendError};
use crate::model::PhoneNumber;

/// Twilio: <https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource>.
pub(super) struct Twilio {
    web: Web,
    from: String,
}

impl Twilio {
    pub(super) fn new(account: &config::Twilio) -> Result<Self, ConfigError> {
        let sid = &account.account_sid;
        let url = format!("{}/2010-04-01/Accounts/{sid}/Messages.json", account.url);
        let credentials = STANDARD.encode(format!("{sid}:{}", account.auth_token.expose_secret()));
        let web = Web::new(url, AUTHORIZATION, &format!("Basic {credentials}"))
            .ok_or(ConfigError::Invalid("TWILIO_AUTH_TOKEN", "fit for a header"))?;
        Ok(Self { web, from: account.from.clone() })
    }

    async fn call(&self, letter: &Letter<PhoneNumber>) -> Result<Receipt, SendError> {
        let sender = if self.from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
        let form = [("To", letter.to.as_str()), (sender, &self.from), ("Body", &letter.content.sms)];
        receipt(&self.web.post(&form).await?)
    }
}

/// A message resource.
#[derive(Deserialize)]
struct Answer {
    sid: String,
    status: String,
    /// Twilio's code of an error; null where there is none.
    error_code: Option<u32>,
    /// Null until Twilio knows it, which is seldom at once.
    price: Option<String>,
    price_unit: Option<String>,
}

fn receipt(answer: &Answer) -> Result<Receipt, SendError> {
    if let Some(code) = answer.error_code {
        return Err(SendError::permanent(format!("Twilio answered {code}")));
    }
    if ["failed", "undelivered", "canceled"].contains(&answer.status.as_str()) {
        return Err(SendError::permanent("Twilio did not send the message"));
    }
    let cost = answer.price.as_deref().zip(answer.price_unit.as_deref());
    let cost = cost.and_then(|(amount, currency)| Cost::parse(amount, &currency.to_uppercase()));
    Ok(Receipt::new(&answer.sid).costing(cost))
}

impl Provider<PhoneNumber> for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn send<'a>(&'a self, letter: &'a Letter<PhoneNumber>) -> BoxFuture<'a, Result<Receipt, SendError>> {
        self.call(letter).boxed()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(error_code: Option<u32>, status: &str, price: Option<&str>) -> Result<Receipt, SendError> {
        let answer = json!({
            "sid": "SM1", "status": status, "error_code": error_code, "price": price, "price_unit": "USD",
            "to": "+254711123456", "num_segments": "1",
        });
        receipt(&serde_json::from_value(answer).unwrap())
    }

    #[test]
    fn the_price_is_null_at_first_and_negative_later() {
        assert_eq!(of(None, "queued", None), Ok(Receipt::new("SM1")));
        let cost = Cost { nano: 7_500_000, currency: "USD".into() };
        assert_eq!(of(None, "sent", Some("-0.00750")), Ok(Receipt::new("SM1").costing(Some(cost))));
    }

    #[test]
    fn a_message_that_failed_is_a_permanent_failure() {
        assert_eq!(of(Some(30_006), "queued", None), Err(SendError::permanent("Twilio answered 30006")));
        assert!(of(None, "failed", None).is_err());
    }
}
