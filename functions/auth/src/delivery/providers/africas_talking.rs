use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::HeaderName;
use secrecy::ExposeSecret;
use serde::Deserialize;
use shared::config::{self, ConfigError};

use super::web::Web;
use crate::delivery::provider::{Cost, Letter, Provider, Receipt, SendError};
use crate::model::PhoneNumber;

/// Africa's Talking: <https://developers.africastalking.com/docs/sms/sending/bulk>.
pub(super) struct AfricasTalking {
    web: Web,
    username: String,
    sender: Option<String>,
}

impl AfricasTalking {
    pub(super) fn new(account: &config::AfricasTalking) -> Result<Self, ConfigError> {
        let url = format!("{}/version1/messaging", account.url);
        let web = Web::new(url, HeaderName::from_static("apikey"), account.api_key.expose_secret())
            .ok_or(ConfigError::Invalid("AFRICASTALKING_API_KEY", "fit for a header"))?;
        Ok(Self { web, username: account.username.clone(), sender: account.sender.clone() })
    }

    async fn call(&self, letter: &Letter<PhoneNumber>) -> Result<Receipt, SendError> {
        let mut form =
            vec![("username", &*self.username), ("to", letter.to.as_str()), ("message", &letter.content.sms)];
        form.extend(self.sender.as_deref().map(|sender| ("from", sender)));
        receipt(self.web.post(&form).await?)
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "SMSMessageData")]
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "Recipients", default)]
    recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    status_code: u16,
    #[serde(default)]
    message_id: String,
    /// Currency and amount, such as `KES 0.8000`.
    #[serde(default)]
    cost: String,
}

/// What the answer says of the one recipient: 100 to 102 are processed, sent and queued, 500 and 501 faults on the way.
fn receipt(answer: Answer) -> Result<Receipt, SendError> {
    let recipient = answer.data.recipients.into_iter().next();
    let recipient = recipient.ok_or(SendError::permanent("Africa's Talking took the message for nobody"))?;
    match recipient.status_code {
        100..=102 => {
            let cost = recipient.cost.split_once(' ').and_then(|(currency, amount)| Cost::parse(amount, currency));
            Ok(Receipt::new(&recipient.message_id).costing(cost))
        }
        code @ (500 | 501) => Err(SendError::transient(format!("Africa's Talking answered {code}"))),
        code => Err(SendError::permanent(format!("Africa's Talking answered {code}"))),
    }
}

impl Provider<PhoneNumber> for AfricasTalking {
    fn name(&self) -> &'static str {
        "africastalking"
    }

    fn send<'a>(&'a self, letter: &'a Letter<PhoneNumber>) -> BoxFuture<'a, Result<Receipt, SendError>> {
        self.call(letter).boxed()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(recipients: &serde_json::Value) -> Result<Receipt, SendError> {
        let answer =
            json!({"SMSMessageData": {"Message": "Sent to 1/1 Total Cost: KES 0.8000", "Recipients": recipients}});
        receipt(serde_json::from_value(answer).unwrap())
    }

    fn recipient(code: u16, cost: &str) -> serde_json::Value {
        json!([{"statusCode": code, "number": "+254711123456", "status": "Success", "cost": cost, "messageId": "ATXid_1"}])
    }

    #[test]
    fn the_documented_answer_gives_id_and_cost() {
        let cost = Cost { nano: 800_000_000, currency: "KES".into() };
        assert_eq!(of(&recipient(101, "KES 0.8000")), Ok(Receipt::new("ATXid_1").costing(Some(cost))));
        assert_eq!(of(&recipient(100, "0")), Ok(Receipt::new("ATXid_1")));
    }

    #[test]
    fn a_refusal_is_told_by_its_code_and_a_fault_on_the_way_may_pass() {
        assert_eq!(of(&recipient(403, "0")), Err(SendError::permanent("Africa's Talking answered 403")));
        assert!(of(&recipient(501, "0")).unwrap_err().transient);
        assert!(!of(&json!([])).unwrap_err().transient);
    }
}
