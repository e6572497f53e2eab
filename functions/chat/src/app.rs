use shared::{Platform, StartError, config::ConfigError};

use crate::upstream::Upstream;

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) platform: Platform,
    pub(crate) upstream: Upstream,
}

impl App {
    /// Prepares the client of the model provider; connects at the first call.
    ///
    /// # Errors
    /// [`StartError::Config`] where the provider's address or key can't be used.
    pub fn new(platform: Platform) -> Result<Self, StartError> {
        let upstream = Upstream::new(&platform.settings.upstream)
            .ok_or(ConfigError::Invalid("OPENAI_BASE_URL or OPENAI_API_KEY", "fit for a request"))?;
        Ok(Self { platform, upstream })
    }
}
