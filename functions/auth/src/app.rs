use std::sync::Arc;

use shared::{Platform, StartError, config::ConfigError};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::delivery::Delivery;
use crate::github::GitHub;
use crate::password::{Hasher, Policy, Pool};
use crate::tokens::{KeySource, TokenSigner};

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) platform: Platform,
    pub(crate) webauthn: Arc<Webauthn>,
    /// Signs access tokens; without keys there are none.
    pub(crate) signer: Option<TokenSigner>,
    /// Sends messages.
    pub delivery: Delivery,
    /// Hashes passwords.
    pub(crate) hasher: Hasher,
    /// Judges new passwords.
    pub(crate) policy: Policy,
    /// `None` where nobody signs in with GitHub.
    pub(crate) github: Option<GitHub>,
}

impl App {
    /// Prepares the relying party, the signer of tokens, the providers of messages and the pool for passwords.
    ///
    /// # Errors
    /// [`StartError::Config`] where the relying party's id does not belong to the first origin, the token keys are no
    /// key set, a provider can't be used with its settings, or GitHub's addresses can't be used.
    pub fn new(platform: Platform) -> Result<Self, StartError> {
        let webauthn = relying_party(&platform)
            .ok_or(ConfigError::Invalid("WARD_RP_ID", "the host of the first of WARD_ORIGINS, or a domain above it"))?;
        let settings = &platform.settings;
        let source = KeySource::of(&settings.tokens);
        let signer = source.map(|source| TokenSigner::new(&platform, source)).transpose()?;
        let pool = Pool::new(&settings.passwords);
        let github = settings.github.as_ref().map(|settings| {
            GitHub::new(settings).ok_or(ConfigError::Invalid("GITHUB_URL or GITHUB_API_URL", "fit for a request"))
        });
        Ok(Self {
            webauthn: Arc::new(webauthn),
            signer,
            delivery: Delivery::new(settings)?,
            hasher: Hasher::new(&settings.passwords, platform.random.clone(), pool.clone()),
            policy: Policy::new(&settings.passwords, &[&settings.app, &settings.relying_party.name], pool),
            github: github.transpose()?,
            platform,
        })
    }
}

fn relying_party(platform: &Platform) -> Option<Webauthn> {
    let settings = &platform.settings;
    let (first, others) = settings.origins.split_first()?;
    let builder = WebauthnBuilder::new(&settings.relying_party.id, first).ok()?;
    let builder = builder.rp_name(&settings.relying_party.name).timeout(crate::domain::CEREMONY);
    others.iter().fold(builder, WebauthnBuilder::append_allowed_origin).build().ok()
}
