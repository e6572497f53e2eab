use std::sync::Arc;

use shared::{Platform, StartError, config::ConfigError};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) platform: Platform,
    pub(crate) webauthn: Arc<Webauthn>,
}

impl App {
    /// Prepares the relying party.
    ///
    /// # Errors
    /// [`StartError::Config`] where the relying party's id does not belong to the first origin.
    pub fn new(platform: Platform) -> Result<Self, StartError> {
        let webauthn = relying_party(&platform)
            .ok_or(ConfigError::Invalid("WARD_RP_ID", "the host of the first of WARD_ORIGINS, or a domain above it"))?;
        Ok(Self { platform, webauthn: Arc::new(webauthn) })
    }
}

fn relying_party(platform: &Platform) -> Option<Webauthn> {
    let settings = &platform.settings;
    let (first, others) = settings.origins.split_first()?;
    let builder = WebauthnBuilder::new(&settings.relying_party.id, first).ok()?;
    let builder = builder.rp_name(&settings.relying_party.name).timeout(crate::domain::CEREMONY);
    others.iter().fold(builder, WebauthnBuilder::append_allowed_origin).build().ok()
}
