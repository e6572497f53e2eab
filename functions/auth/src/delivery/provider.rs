use std::borrow::Cow;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use super::content::Content;

/// A message on its way to an address of one kind: `EmailAddress` or `PhoneNumber`.
pub(crate) struct Letter<A> {
    /// Id of its row in the delivery log.
    pub(crate) id: Uuid,
    /// When it was written.
    pub(crate) at: Timestamp,
    /// Whom it goes to.
    pub(crate) to: A,
    /// What it says.
    pub(crate) content: Content,
}

/// Whoever takes letters to addresses of one kind.
pub(crate) trait Provider<A>: Send + Sync {
    /// Its name in settings and logs.
    fn name(&self) -> &'static str;

    /// Hands a letter over, once. The caller limits the time.
    fn send<'a>(&'a self, letter: &'a Letter<A>) -> BoxFuture<'a, Result<Receipt, SendError>>;
}

/// What a provider says of a letter it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// What the provider calls the message.
    pub(crate) message_id: Option<String>,
    /// What it costs, where the provider says so at once.
    pub(crate) cost: Option<Cost>,
}

impl Receipt {
    /// A receipt without a cost. An id is kept as far as it is one: no blanks, no more than 128 characters.
    pub(crate) fn new(message_id: &str) -> Self {
        let id: String = message_id.chars().filter(char::is_ascii_graphic).take(128).collect();
        Self { message_id: (!id.is_empty()).then_some(id), cost: None }
    }

    /// Adds the cost.
    #[must_use]
    pub(crate) fn costing(self, cost: Option<Cost>) -> Self {
        Self { cost, ..self }
    }
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Billionths of the currency's unit.
    pub(crate) nano: i64,
    /// ISO 4217.
    pub(crate) currency: String,
}

impl Cost {
    /// Reads a decimal amount, whichever sign a provider gives to what it charges. Digits beyond the ninth decimal
    /// place don't count.
    pub(crate) fn parse(amount: &str, currency: &str) -> Option<Self> {
        let (whole, fraction) = amount.trim_start_matches('-').split_once('.').unwrap_or((amount, ""));
        let whole = whole.trim_start_matches('-');
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || !is_code {
            return None;
        }
        let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
        let nano = whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(fraction.parse().ok()?)?;
        Some(Self { nano, currency: currency.to_owned() })
    }
}

/// Why a provider did not take a letter. In our own words, with nothing of the letter: it is logged and stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct SendError {
    /// Whether another try may go better.
    pub(crate) transient: bool,
    /// What went wrong.
    pub(crate) reason: Cow<'static, str>,
}

impl SendError {
    /// Something that may pass.
    pub(crate) fn transient(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { transient: true, reason: reason.into() }
    }

    /// Something that will not.
    pub(crate) fn permanent(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { transient: false, reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_to_the_billionth() {
        let nano = |amount| Cost::parse(amount, "KES").map(|cost| cost.nano);
        assert_eq!(nano("0.8000"), Some(800_000_000));
        assert_eq!(nano("-0.00750"), Some(7_500_000));
        assert_eq!(nano("12"), Some(12_000_000_000));
        assert_eq!(nano("-3"), Some(3_000_000_000));
        assert_eq!(nano("0.1234567899"), Some(123_456_789));
        for wrong in ["", "-", ".5", "1,5", "1.-5", "1e3", "9223372037"] {
            assert_eq!(nano(wrong), None, "{wrong}");
        }
        assert_eq!(Cost::parse("1", "kes"), None);
    }

    #[test]
    fn a_providers_id_is_kept_as_far_as_it_is_one() {
        assert_eq!(Receipt::new("ATPid_1 \n").message_id.as_deref(), Some("ATPid_1"));
        assert_eq!(Receipt::new(&"x".repeat(500)).message_id.map(|id| id.len()), Some(128));
        assert_eq!(Receipt::new("").message_id, None);
    }
}
