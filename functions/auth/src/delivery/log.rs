//! A delivery's row: pending before anything is sent, then what came of each provider.

use shared::Platform;
use shared::http::Problem;
use shared::vault::Field;
use uuid::Uuid;

use super::courier::Outcome;
use super::provider::Letter;
use crate::model::{EmailAddress, PhoneNumber};
use crate::store::deliveries::{self, Log, Pending, Progress};

/// Somewhere a letter can go.
pub(crate) trait Address {
    /// The log of its channel.
    const LOG: Log;
    /// What its blind index is for.
    const INDEX: &'static str;
    /// What to set where the channel has no provider.
    const NOT_CONFIGURED: &'static str;

    /// As it is sent to.
    fn text(&self) -> &str;

    /// The form in which two are the same.
    fn canonical(&self) -> String;
}

impl Address for EmailAddress {
    const LOG: Log = deliveries::EMAIL;
    const INDEX: &'static str = "email_delivery_log.to_address";
    const NOT_CONFIGURED: &'static str =
        "Set WARD_EMAIL to the providers of email (ses, smtp) and WARD_EMAIL_FROM to the address mail is from.";

    fn text(&self) -> &str {
        self.as_str()
    }

    fn canonical(&self) -> String {
        self.canonical()
    }
}

impl Address for PhoneNumber {
    const LOG: Log = deliveries::SMS;
    const INDEX: &'static str = "sms_delivery_log.to_address";
    const NOT_CONFIGURED: &'static str = "Set WARD_SMS to the providers of SMS (sns, africastalking, twilio).";

    fn text(&self) -> &str {
        self.as_str()
    }

    fn canonical(&self) -> String {
        self.as_str().to_owned()
    }
}

/// A delivery that has begun.
pub(crate) struct Entry<'a> {
    platform: &'a Platform,
    user_id: Uuid,
    log: Log,
    id: Uuid,
}

impl<'a> Entry<'a> {
    /// Writes the pending row, the address sealed under the user's key; nobody's is the system's.
    pub(crate) async fn begin<A: Address>(
        platform: &'a Platform,
        user_id: Uuid,
        letter: &Letter<A>,
    ) -> Result<Self, Problem> {
        let log = A::LOG;
        let (db, vault) = (&platform.db, &platform.vault);
        let index = vault.blind_index(db, A::INDEX, None, &letter.to.canonical()).await?;
        let field = Field { table: log.table, column: "to_address", row: &letter.id.to_string() };
        let sealed = vault.owner_key(db, user_id).await?.seal(&field, letter.to.text().as_bytes())?;
        let row = Pending {
            id: letter.id,
            user_id,
            to_address: &sealed,
            to_index: &index,
            template: letter.content.template,
            now: letter.at,
        };
        deliveries::insert(&db.unaudited(user_id), &log, &row).await?;
        Ok(Self { platform, user_id, log, id: letter.id })
    }

    /// Writes what came of a provider.
    pub(crate) async fn note(&self, outcome: &Outcome) -> Result<(), Problem> {
        let seen = Progress { provider: outcome.provider, attempts: outcome.attempts, ..Progress::default() };
        let cost = outcome.result.as_ref().ok().and_then(|receipt| receipt.cost.as_ref());
        let now = match &outcome.result {
            Ok(receipt) => Progress {
                status: "sent",
                provider_message_id: receipt.message_id.as_deref(),
                cost_nano: cost.map(|cost| cost.nano),
                currency: cost.map(|cost| cost.currency.as_str()),
                sent_at: Some(self.platform.now()),
                ..seen
            },
            Err(error) => {
                let status = if outcome.last { "failed" } else { "pending" };
                Progress { status, error: Some(&error.reason), ..seen }
            }
        };
        let scope = self.platform.db.unaudited(self.user_id);
        Ok(deliveries::update(&scope, &self.log, self.id, &now).await?)
    }
}
