//! A verifier of presigned URLs, written from AWS's description of Signature Version 4 and sharing no code with what signs
//! them: moto takes any URL.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::digest::{SHA256, digest};
use ring::hmac;
use url::Url;

use super::hexadecimal;

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request as it arrives at S3.
#[derive(Clone)]
pub struct Arrived {
    pub method: String,
    pub url: String,
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
        let (_, query) = self.url.split_once('?').unwrap();
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
        query.split('&').map(|pair| pair.split_once('=').unwrap()).map(|(n, v)| (decoded(n), decoded(v))).collect()
    }

    /// Whether the signature in the URL is the one this secret makes for this request.
    pub fn verifies(&self, secret: &str) -> bool {
        let mut query = self.query();
        let Some(signature) = query.remove("X-Amz-Signature") else { return false };
        let claim = Claim {
            algorithm: &query["X-Amz-Algorithm"],
            credential: &query["X-Amz-Credential"],
            signed_headers: &query["X-Amz-SignedHeaders"],
            time: &query["X-Amz-Date"],
            payload: "UNSIGNED-PAYLOAD",
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

/// The example of "Authenticating Requests: Using Query Parameters" in the API reference of Amazon S3.
#[test]
fn the_verifier_takes_awss_own_example_and_nothing_near_it() {
    let url = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z\
        &X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let example = Arrived::new("GET", url, []);
    assert!(example.verifies(secret));
    assert!(!example.verifies(&secret.to_lowercase()));
    assert!(!Arrived { method: "PUT".into(), ..example.clone() }.verifies(secret));
    for (of, to) in [("test.txt", "best.txt"), ("86400", "86401"), ("20130524T000000Z", "20130524T000001Z")] {
        assert!(!Arrived::new("GET", &url.replacen(of, to, 1), []).verifies(secret), "{to}");
    }
}
