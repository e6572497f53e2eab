use shared::Platform;

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) platform: Platform,
}

impl App {
    /// The function on a platform.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }
}
