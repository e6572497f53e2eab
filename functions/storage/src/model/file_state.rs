use std::borrow::Cow;

use serde::{Serialize, Serializer};
use shared::described::one_of;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileState {
    /// Its content is not there yet.
    Uploading,
    /// It waits for the scanner.
    Scanning,
    /// It can be downloaded.
    Ready,
    /// The scanner found something: it can be deleted and nothing else.
    Quarantined,
}

impl FileState {
    const ALL: [Self; 4] = [Self::Uploading, Self::Scanning, Self::Ready, Self::Quarantined];

    /// Its name, in the API and in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Scanning => "scanning",
            Self::Ready => "ready",
            Self::Quarantined => "quarantined",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl Serialize for FileState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl PartialSchema for FileState {
    fn schema() -> RefOr<Schema> {
        one_of("How far a file has come; only a ready one can be downloaded.", Self::ALL.map(Self::name))
    }
}

impl ToSchema for FileState {
    fn name() -> Cow<'static, str> {
        "FileState".into()
    }
}
