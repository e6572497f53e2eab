use axum::http::{StatusCode, header};
use shared::Platform;
use shared::config::Scanner;
use shared::http::Problem;
use shared::objects::Objects;

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) platform: Platform,
    objects: Option<Objects>,
}

impl App {
    /// The function on a platform, with the object store its settings name.
    pub fn new(platform: Platform) -> Self {
        let store = platform.settings.files.store.as_ref();
        let objects = store.map(|store| Objects::new(store, platform.clock.clone()));
        Self { platform, objects }
    }

    /// The function on a platform, with an object store of the caller's.
    pub fn with_objects(platform: Platform, objects: Objects) -> Self {
        Self { platform, objects: Some(objects) }
    }

    /// Where the content of files is, where there are files.
    pub fn object_store(&self) -> Option<&Objects> {
        self.objects.as_ref()
    }

    /// Where the content of files is.
    pub(crate) fn objects(&self) -> Result<&Objects, Problem> {
        self.objects.as_ref().ok_or_else(|| {
            Problem::new(StatusCode::NOT_IMPLEMENTED, "files_off", "There are no files here")
                .detail("Whoever runs this sets FILES_BUCKET, or FILES_DIR in development.")
                .header(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"))
        })
    }

    /// What looks at files before they can be downloaded.
    pub(crate) fn scanner(&self) -> Option<&Scanner> {
        self.platform.settings.files.scanner.as_ref()
    }
}
