//! A verifier of presigned URLs, written from AWS's description of Signature Version 4 and sharing no code with what signs
//! them: moto takes any URL.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::digest::{SHA256, digest};
use ring::hmac;
use url::Url;

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request as it arrives at one of AWS's services.
#[derive(Clone)]
pub struct Arrived {
    /// Its method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The headers by their names in lower case.
    pub headers: BTreeMap<String, String>,
}

impl Arrived {
    /// A request for a URL, with the host's header and these.
    pub fn new(method: &str, url: &str, headers: impl IntoIterator<Item = (String, String)>) -> Self {
        let parsed = Url::parse(url).unwrap();
        let host = parsed.host_str().unwrap();
        let host = parsed.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let headers = headers.into_iter().chain([("host".to_owned(), host)]).collect();
        Self { method: method.to_owned(), url: url.to_owned(), headers }
    }

    /// The names the URL says are signed.
    pub fn signed_headers(&self) -> Vec<String> {
        self.query()["X-Amz-SignedHeaders"].split(';').map(str::to_owned).collect()
    }

    /// What the URL's query says, decoded.
    pub fn query(&self) -> BTreeMap<String, String> {
        let (_, query) = self.url.split_once('?').unwrap_or_default();
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        query.split('&').filter_map(|pair| pair.split_once('=')).map(|(n, v)| (decoded(n), decoded(v))).collect()
    }

    /// Whether the signature in the URL is the one this secret makes for this request to S3, whatever its body.
    pub fn verifies(&self, secret: &str) -> bool {
        self.verifies_with(secret, "UNSIGNED-PAYLOAD")
    }

    /// Whether it is the one this secret makes for this request with no body.
    pub fn verifies_without_body(&self, secret: &str) -> bool {
        self.verifies_with(secret, &hexadecimal(digest(&SHA256, b"").as_ref()))
    }

    fn verifies_with(&self, secret: &str, payload: &str) -> bool {
        let mut query = self.query();
        let Some(signature) = query.remove("X-Amz-Signature") else { return false };
        let said = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let claim = Claim {
            algorithm: said("X-Amz-Algorithm"),
            credential: said("X-Amz-Credential"),
            signed_headers: said("X-Amz-SignedHeaders"),
            time: said("X-Amz-Date"),
            payload,
        };
        self.signature(secret, &query, &claim).is_some_and(|right| right == signature)
    }

    /// Whether the signature in the header `Authorization` is.
    pub fn verifies_by_header(&self, secret: &str) -> bool {
        let Some((algorithm, rest)) = self.headers["authorization"].split_once(' ') else { return false };
        let parts: BTreeMap<&str, &str> = rest.split(", ").filter_map(|part| part.split_once('=')).collect();
        let claim = Claim {
            algorithm,
            credential: parts["Credential"],
            signed_headers: parts["SignedHeaders"],
            time: &self.headers["x-amz-date"],
            payload: &self.headers["x-amz-content-sha256"],
        };
        self.signature(secret, &BTreeMap::new(), &claim).is_some_and(|right| right == parts["Signature"])
    }

    fn signature(&self, secret: &str, query: &BTreeMap<String, String>, claim: &Claim<'_>) -> Option<String> {
        let credential: Vec<&str> = claim.credential.splitn(5, '/').collect();
        let [_, date, region, service, terminator] = credential[..] else { return None };
        let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
        let canonical_query: Vec<String> =
            query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let mut canonical_headers = String::new();
        for name in claim.signed_headers.split(';') {
            canonical_headers = format!("{canonical_headers}{name}:{}\n", self.headers.get(name)?.trim());
        }
        let canonical = format!(
            "{}\n{}\n{}\n{canonical_headers}\n{}\n{}",
            self.method,
            Url::parse(&self.url).unwrap().path(),
            canonical_query.join("&"),
            claim.signed_headers,
            claim.payload
        );
        let text = format!(
            "AWS4-HMAC-SHA256\n{}\n{date}/{region}/{service}/{terminator}\n{}",
            claim.time,
            hexadecimal(digest(&SHA256, canonical.as_bytes()).as_ref())
        );
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in [date, region, service, terminator] {
            key = hmac_sha256(&key, part);
        }
        (claim.algorithm == "AWS4-HMAC-SHA256").then(|| hexadecimal(&hmac_sha256(&key, &text)))
    }
}

/// What a request says of its own signature.
struct Claim<'a> {
    algorithm: &'a str,
    credential: &'a str,
    signed_headers: &'a str,
    time: &'a str,
    payload: &'a str,
}

fn hmac_sha256(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
