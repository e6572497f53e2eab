//! Uploads past the API: a URL of S3's, or one of ours where the store is a folder.
//!
//! Ours carries a MAC over what S3's signature is over: the object, the end of its time, type, length and checksum.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use shared::http::Problem;
use shared::objects::{Promise, Sha256, UploadUrl};
use shared::vault::BlindIndex;
use subtle::ConstantTimeEq;

use crate::App;

/// How long an upload's URL holds.
pub(crate) const UPLOAD: Duration = Duration::from_mins(15);
/// How long a download's URL holds.
pub(crate) const DOWNLOAD: Duration = Duration::from_mins(5);

/// The header by which S3 is told the SHA-256, in base64.
pub(crate) const CHECKSUM: &str = "x-amz-checksum-sha256";

/// What stands before an object's name in its key.
const KIND: &str = "direct/";

/// A URL that takes the upload of `key` as promised, until `ends`.
pub(super) async fn upload_url(
    app: &App,
    key: &str,
    promise: &Promise<'_>,
    ends: Timestamp,
) -> Result<UploadUrl, Problem> {
    if let Some(url) = app.objects()?.upload_url(key, promise, UPLOAD).await? {
        return Ok(url);
    }
    let (name, ends) = (key.strip_prefix(KIND).unwrap_or(key), ends.as_second());
    let signature = URL_SAFE_NO_PAD.encode(mac(app, name, promise, ends).await?.as_bytes());
    // The page's own origin, which reaches this function however it is run.
    let origins = &app.platform.settings.origins;
    let origin = origins.first().map(|origin| origin.origin().ascii_serialization()).unwrap_or_default();
    Ok(UploadUrl {
        url: format!("{origin}/api/files/direct/{name}?expires={ends}&signature={signature}"),
        headers: vec![("content-type", promise.content_type.to_owned()), (CHECKSUM, STANDARD.encode(promise.sha256))],
    })
}

/// What a URL of ours says, and the headers that came with it.
pub(crate) struct Signed<'a> {
    /// The object's name.
    pub(crate) name: &'a str,
    /// Until when it holds, in Unix seconds.
    pub(crate) expires: i64,
    pub(crate) signature: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) length: u64,
    pub(crate) sha256: &'a Sha256,
}

/// The key of the object that a URL of ours lets be written.
///
/// # Errors
/// 404 where the store takes uploads itself, 403 `url_invalid` where the URL is over, changed, or for another upload.
pub(crate) async fn permitted(app: &App, signed: &Signed<'_>) -> Result<String, Problem> {
    if !app.objects()?.is_folder() {
        return Err(Problem::not_found());
    }
    let promise = Promise { content_type: signed.content_type, length: signed.length, sha256: signed.sha256 };
    let right = mac(app, signed.name, &promise, signed.expires).await?;
    let given = URL_SAFE_NO_PAD.decode(signed.signature).unwrap_or_default();
    let is_right: bool = right.as_bytes().ct_eq(&given).into();
    if is_right && app.platform.now().as_second() <= signed.expires {
        return Ok(format!("{KIND}{}", signed.name));
    }
    Err(invalid())
}

/// 403: the URL does not allow this upload.
pub(crate) fn invalid() -> Problem {
    Problem::forbidden("url_invalid", "This URL does not take this upload")
        .detail("It is over, or type, length or checksum are not those it was made for. Begin another upload.")
}

/// A keyed hash under the vault's system key, which each process has.
async fn mac(app: &App, name: &str, promise: &Promise<'_>, expires: i64) -> Result<BlindIndex, Problem> {
    let Promise { content_type, length, sha256 } = promise;
    // A newline stands in none of them.
    let text = format!("{name}\n{expires}\n{content_type}\n{length}\n{}", STANDARD.encode(sha256));
    let platform = &app.platform;
    Ok(platform.vault.mac(&platform.db, "file_uploads.upload_url", None, &text).await?)
}
