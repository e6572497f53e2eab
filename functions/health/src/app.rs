use std::sync::Arc;

use shared::Platform;

use crate::checks::Checks;

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) platform: Platform,
    pub(crate) checks: Arc<Checks>,
}

impl App {
    /// The function on a platform.
    pub fn new(platform: Platform) -> Self {
        Self { checks: Arc::new(Checks::new(platform.clone())), platform }
    }
}
