//! What the AWS providers share.

use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use shared::aws::{SdkConfig, sdk_config, single_attempt};

use crate::delivery::CALL_LIMIT;
use crate::delivery::provider::SendError;

/// Where the configuration of AWS clients comes from: the process's own, or one that was given.
#[derive(Clone, Default)]
pub(crate) struct Aws(Option<SdkConfig>);

impl Aws {
    /// The given configuration.
    pub(crate) fn of(config: SdkConfig) -> Self {
        Self(Some(config))
    }

    /// A configuration for one try: the courier makes the others.
    pub(super) async fn config(&self) -> SdkConfig {
        match &self.0 {
            Some(config) => single_attempt(config, CALL_LIMIT),
            None => single_attempt(sdk_config().await, CALL_LIMIT),
        }
    }
}

/// What AWS answers while it has too much to do, besides statuses of 500 and above.
const BUSY: [&str; 4] = ["TooManyRequestsException", "ThrottlingException", "Throttling", "ThrottledException"];

/// The error in our words: its code is one of AWS's own, its message could quote the address.
pub(super) fn refused<E: ProvideErrorMetadata>(error: &SdkError<E>) -> SendError {
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("no code");
            let reason = format!("AWS answered {code}");
            let passes = service.raw().status().as_u16() >= 500 || BUSY.contains(&code);
            if passes { SendError::transient(reason) } else { SendError::permanent(reason) }
        }
        SdkError::TimeoutError(_) => SendError::transient("AWS took too long"),
        SdkError::DispatchFailure(_) => SendError::transient("AWS could not be reached"),
        SdkError::ResponseError(_) => SendError::transient("AWS answered no valid response"),
        _ => SendError::permanent("the request to AWS could not be built"),
    }
}
