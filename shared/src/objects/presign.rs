//! Signature Version 4 of what goes past the object store's client.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningInstructions,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::ObjectError;

/// What stands in a query as it is: RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const FAILED: ObjectError = ObjectError::Failed("sign", "the request can't be signed");

/// A value as a query holds it.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Signs requests to S3 in one region.
pub(super) struct Signer {
    region: String,
}

impl Signer {
    pub(super) fn new(region: String) -> Self {
        Self { region }
    }

    /// `url` with a signature in its query: it holds for `valid` and for requests with exactly these headers.
    pub(super) fn url(
        &self,
        credentials: &Credentials,
        method: &str,
        url: String,
        headers: &[(&str, &str)],
        valid: Duration,
        now: Timestamp,
    ) -> Result<String, ObjectError> {
        let mut settings = settings();
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
    pub(super) fn headers(
        &self,
        credentials: &Credentials,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, ObjectError> {
        let mut settings = settings();
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
    ) -> Result<SigningInstructions, ObjectError> {
        let identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(SystemTime::from(now))
            .settings(settings)
            .build()
            .map_err(|_| FAILED)?
            .into();
        let body = SignableBody::UnsignedPayload;
        let request = SignableRequest::new(method, url, headers.iter().copied(), body).map_err(|_| FAILED)?;
        Ok(sign(request, &params).map_err(|_| FAILED)?.into_parts().0)
    }
}

/// As S3 has it: the path is encoded once and not normalised.
fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings
}
