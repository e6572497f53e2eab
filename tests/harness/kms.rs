//! A KMS of our own, with the faults that moto hasn't: it throttles, is slow, or has its key disabled.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::clock::Random;
use shared::vault::KmsKeyring;
use tokio::net::TcpListener;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KmsFault {
    /// Nothing.
    None,
    /// So many more calls are answered with `ThrottlingException`.
    Throttles(usize),
    /// The key is disabled.
    Disabled,
    /// Every answer takes so long.
    Slow(Duration),
}

/// Speaks KMS's protocol on a port of 127.0.0.1, as long as the test's runtime.
#[derive(Clone)]
pub struct FaultyKms {
    url: String,
    region: &'static str,
    state: Arc<Kms>,
}

struct Kms {
    arn: String,
    fault: Mutex<KmsFault>,
    /// What each ciphertext stands for: the key and its context.
    wrapped: Mutex<HashMap<String, (String, Value)>>,
    calls: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl FaultyKms {
    /// One in a region.
    pub async fn in_region(region: &'static str) -> Self {
        let state = Arc::new(Kms {
            arn: format!("arn:aws:kms:{region}:123456789012:key/1"),
            fault: Mutex::new(KmsFault::None),
            wrapped: Mutex::default(),
            calls: AtomicUsize::new(0),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, region, state }
    }

    /// A keyring on its key.
    pub async fn keyring(&self) -> KmsKeyring {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(self.region))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(&self.url)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .timeout_config(shared::aws::timeouts())
            .load()
            .await;
        KmsKeyring::connect(&config, &self.state.arn)
    }

    /// Makes it faulty, or whole again.
    pub fn set(&self, fault: KmsFault) {
        *self.state.fault.lock().expect("no panic") = fault;
    }

    /// Calls so far.
    pub fn calls(&self) -> usize {
        self.state.calls.load(Ordering::SeqCst)
    }

    /// The most calls that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }
}

async fn answer(State(kms): State<Arc<Kms>>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    kms.calls.fetch_add(1, Ordering::SeqCst);
    let now = kms.now.fetch_add(1, Ordering::SeqCst) + 1;
    kms.most.fetch_max(now, Ordering::SeqCst);
    let fault = *kms.fault.lock().expect("no panic");
    if let KmsFault::Slow(duration) = fault {
        tokio::time::sleep(duration).await;
    }
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let answer = kms.answer(target, &body);
    kms.now.fetch_sub(1, Ordering::SeqCst);
    answer.map_or_else(
        |code| (StatusCode::BAD_REQUEST, json!({"__type": code, "message": "as the test wants it"}).to_string()),
        |body| (StatusCode::OK, body.to_string()),
    )
}

impl Kms {
    fn answer(&self, target: &str, body: &Value) -> Result<Value, &'static str> {
        let mut fault = self.fault.lock().expect("no panic");
        match *fault {
            KmsFault::Throttles(more) if more > 0 => {
                *fault = KmsFault::Throttles(more - 1);
                return Err("ThrottlingException");
            }
            KmsFault::Disabled if target != "TrentService.DescribeKey" => return Err("DisabledException"),
            _ => {}
        }
        let enabled = *fault != KmsFault::Disabled;
        let context = body["EncryptionContext"].clone();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        match target {
            "TrentService.GenerateDataKey" => {
                let key = STANDARD.encode(Random::default().bytes::<32>().expect("randomness"));
                Ok(json!({"KeyId": self.arn, "Plaintext": key, "CiphertextBlob": self.wrap(key, context)}))
            }
            "TrentService.Encrypt" => {
                Ok(json!({"KeyId": self.arn, "CiphertextBlob": self.wrap(text("Plaintext"), context)}))
            }
            "TrentService.Decrypt" => match self.wrapped.lock().expect("no panic").get(&text("CiphertextBlob")) {
                Some((key, bound)) if *bound == context => Ok(json!({"KeyId": self.arn, "Plaintext": key})),
                _ => Err("InvalidCiphertextException"),
            },
            "TrentService.DescribeKey" => {
                Ok(json!({"KeyMetadata": {"KeyId": "1", "Arn": self.arn, "Enabled": enabled}}))
            }
            _ => Err("UnsupportedOperationException"),
        }
    }

    fn wrap(&self, key: String, context: Value) -> String {
        let blob = STANDARD.encode(Random::default().bytes::<32>().expect("randomness"));
        self.wrapped.lock().expect("no panic").insert(blob.clone(), (key, context));
        blob
    }
}
