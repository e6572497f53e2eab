//! Signature Version 4 of what goes past the clients of AWS's SDK.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
#[cfg(feature = "objects")]
use aws_sigv4::http_request::{PayloadChecksumKind, PercentEncodingMode, UriPathNormalizationMode};
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningInstructions, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::SigningError;

/// What stands in a query as it is: RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const FAILED: SigningError = SigningError("the request can't be signed");

/// A value as a query holds it.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Whom a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// S3, which hashes no body and normalises no path.
    #[cfg(feature = "objects")]
    S3,
    /// Signing in to a database of RDS.
    Database,
    /// Signing in to a cache of `ElastiCache`.
    Cache,
}

impl Service {
    /// What a signature calls it.
    fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "objects")]
            Self::S3 => "s3",
            Self::Database => "rds-db",
            Self::Cache => "elasticache",
        }
    }

    fn body(self) -> SignableBody<'static> {
        match self {
            #[cfg(feature = "objects")]
            Self::S3 => SignableBody::UnsignedPayload,
            Self::Database | Self::Cache => SignableBody::empty(),
        }
    }

    fn settings(self) -> SigningSettings {
        match self {
            // The path is encoded once.
            #[cfg(feature = "objects")]
            Self::S3 => {
                let mut settings = SigningSettings::default();
                settings.percent_encoding_mode = PercentEncodingMode::Single;
                settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
                settings
            }
            Self::Database | Self::Cache => SigningSettings::default(),
        }
    }
}

/// Signs requests to a service in one region.
pub(crate) struct Signer {
    service: Service,
    region: String,
}

impl Signer {
    pub(crate) fn new(service: Service, region: String) -> Self {
        Self { service, region }
    }

    /// `url` with a signature in its query: it holds for `valid` and for requests with exactly these headers.
    pub(crate) fn url(
        &self,
        credentials: &Credentials,
        method: &str,
        url: String,
        headers: &[(&str, &str)],
        valid: Duration,
        now: Timestamp,
    ) -> Result<String, SigningError> {
        let mut settings = self.service.settings();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(valid);
        let instructions = self.sign(credentials, method, &url, headers, settings, now)?;
        let mut sign = if url.contains('?') { '&' } else { '?' };
        let mut url = url;
        for (name, value) in instructions.params() {
            url.push(sign);
            url.push_str(name);
            url.push('=');
            url.push_str(&encoded(value));
            sign = '&';
        }
        Ok(url)
    }

    /// The headers that sign a request without a body.
    #[cfg(feature = "objects")]
    pub(crate) fn headers(
        &self,
        credentials: &Credentials,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, SigningError> {
        let mut settings = self.service.settings();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let instructions = self.sign(credentials, method, url, headers, settings, now)?;
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn sign(
        &self,
        credentials: &Credentials,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        settings: SigningSettings,
        now: Timestamp,
    ) -> Result<SigningInstructions, SigningError> {
        let identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service.name())
            .time(SystemTime::from(now))
            .settings(settings)
            .build()
            .map_err(|_| FAILED)?
            .into();
        let request = SignableRequest::new(method, url, headers.iter().copied(), self.service.body());
        Ok(sign(request.map_err(|_| FAILED)?, &params).map_err(|_| FAILED)?.into_parts().0)
    }
}
