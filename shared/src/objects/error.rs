/// Why the object store did not do something. Safe to log: it holds no key, no URL and nothing of an object.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("the object to {0} is not there")]
    Missing(&'static str),
    /// The store refused or gave no answer.
    #[error("the object store failed to {0}: {1}")]
    Failed(&'static str, &'static str),
    /// What came is not what was promised: another length or another checksum.
    #[error("what was uploaded is not what was promised")]
    NotAsPromised,
}

impl ObjectError {
    /// The store's own error. Its text may hold URLs and answers, so only its kind is kept.
    pub(super) fn of(action: &'static str) -> impl Fn(object_store::Error) -> Self {
        move |error| {
            use object_store::Error as E;
            let kind = match error {
                E::NotFound { .. } => return Self::Missing(action),
                E::PermissionDenied { .. } => "permission denied",
                E::Unauthenticated { .. } => "unauthenticated",
                E::InvalidPath { .. } => "invalid path",
                E::Precondition { .. } => "a precondition failed",
                _ => "refused or no answer",
            };
            Self::Failed(action, kind)
        }
    }
}

impl From<crate::aws::SigningError> for ObjectError {
    fn from(error: crate::aws::SigningError) -> Self {
        Self::Failed("sign", error.0)
    }
}

impl From<ObjectError> for crate::http::Problem {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Missing(_) => Self::internal("an object is missing").source(error),
            _ => Self::unavailable().source(error),
        }
    }
}
