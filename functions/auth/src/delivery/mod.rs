//! Messages to people: written down, put into words, and handed to the first provider that takes them.
//!
//! `message` is what callers give, `content` and `render` put it into words, `courier` is the order of tries, and
//! `providers` and `outbox` are who takes a letter.

mod content;
mod courier;
mod log;
mod message;
pub mod outbox;
mod provider;
mod providers;
mod render;

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use shared::Platform;
use shared::aws::SdkConfig;
use shared::config::{ConfigError, Settings};
use shared::http::Problem;
use tracing::Instrument;
use uuid::Uuid;

use self::content::{Brand, Content};
use self::courier::{Courier, Pace};
use self::log::{Address, Entry};
pub use self::message::{CodePurpose, Factor, Message, Recipient, SecurityChange, Template};
use self::provider::Letter;
#[cfg(feature = "fuzzing")]
pub(crate) use self::provider::{Cost, Receipt};
use self::providers::Aws;
pub use crate::model::{EmailAddress, PhoneNumber};

/// Longest call of a provider.
const CALL_LIMIT: Duration = Duration::from_secs(5);

/// Sends messages by the providers of the settings. Cheap to clone.
#[derive(Clone)]
pub struct Delivery(Arc<Inner>);

struct Inner {
    email: Courier<EmailAddress>,
    sms: Courier<PhoneNumber>,
    brand: Brand,
}

impl Delivery {
    /// The providers of the settings; none is connected to before it is used.
    ///
    /// # Errors
    /// [`ConfigError`] where a provider can't be used with its settings.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        Self::build(settings, &Aws::default())
    }

    /// The same, with an AWS configuration in place of the process's own.
    ///
    /// # Errors
    /// [`ConfigError`] where a provider can't be used with its settings.
    pub fn on_aws(settings: &Settings, config: SdkConfig) -> Result<Self, ConfigError> {
        Self::build(settings, &Aws::of(config))
    }

    fn build(settings: &Settings, aws: &Aws) -> Result<Self, ConfigError> {
        let email = Courier { providers: providers::email(settings, aws)?, pace: Pace::default() };
        let sms = Courier { providers: providers::sms(&settings.delivery, aws)?, pace: Pace::default() };
        Ok(Self(Arc::new(Inner { email, sms, brand: Brand::new(settings) })))
    }

    /// Sends a message and waits until a provider has taken it. A user that is nobody (the nil id) costs the same
    /// queries as any other. Must not be called with a database connection in hand: a provider may take seconds.
    ///
    /// # Errors
    /// 503 `delivery_not_configured` where the channel has no provider, 503 `delivery_failed` where none took it.
    pub async fn send(&self, platform: &Platform, user_id: Uuid, message: Message) -> Result<(), Problem> {
        let (this, platform) = (self.clone(), platform.clone());
        // A task of its own: where the client goes away, the message still goes out and its outcome is written.
        let sending = async move { this.carry(&platform, user_id, message).await };
        let sent = tokio::spawn(sending.in_current_span()).await;
        sent.unwrap_or_else(|_| Err(Problem::internal("a delivery was interrupted")))
    }

    async fn carry(&self, platform: &Platform, user_id: Uuid, message: Message) -> Result<(), Problem> {
        let content = Content::new(&message.template, &self.0.brand);
        match message.to {
            Recipient::Email(to) => carry(&self.0.email, platform, user_id, to, content).await,
            Recipient::Phone(to) => carry(&self.0.sms, platform, user_id, to, content).await,
        }
    }
}

async fn carry<A: Address>(
    courier: &Courier<A>,
    platform: &Platform,
    user_id: Uuid,
    to: A,
    content: Content,
) -> Result<(), Problem> {
    if courier.providers.is_empty() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "delivery_not_configured", "No message can be sent")
            .detail(A::NOT_CONFIGURED));
    }
    let letter = Letter { id: platform.new_id()?, at: platform.now(), to, content };
    let entry = Entry::begin(platform, user_id, &letter).await?;
    let mut round = courier.round(&letter, &platform.random);
    while let Some(outcome) = round.next().await {
        entry.note(&outcome).await?;
        match outcome.result {
            Ok(_) => return Ok(()),
            Err(error) if outcome.last => {
                return Err(Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "delivery_failed",
                    "The message was not sent",
                )
                .detail("Try again in a moment, or use another address.")
                .source(error));
            }
            Err(error) => {
                tracing::warn!(provider = outcome.provider, %error, delivery = %letter.id, "trying the next provider");
            }
        }
    }
    Err(Problem::internal("a delivery ended without an outcome"))
}
