//! The two calls a deployment makes, signed by `aws-sigv4`: Lambda's Invoke, and CodeDeploy's
//! `PutLifecycleEventHookExecutionStatus`. An SDK is too much to build for one call.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use reqwest::Client;
use serde_json::{Value, json};
use shared::aws::SdkConfig;
use shared::clock::Clock;

/// How long one call to CodeDeploy may take.
const STATUS_LIMIT: Duration = Duration::from_secs(5);
/// How long a version may take to start and answer: a cold start's ten seconds, twice over.
const INVOKE_LIMIT: Duration = Duration::from_secs(20);

/// A call got no answer that could be used.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum AwsError {
    /// Nothing was sent.
    #[error("the call could not be made: {0}")]
    Unmade(&'static str),
    /// Nothing came back.
    #[error("no answer")]
    Silent,
    /// It was refused.
    #[error("refused with status {0}")]
    Refused(u16),
}

/// What a function answered to an event.
pub(crate) struct Invoked {
    /// It crashed, ran out of time, or could not start.
    pub(crate) failed: bool,
    /// What it answered; for a function that streams, the prelude and what follows.
    pub(crate) payload: Bytes,
}

/// The calls of a deployment.
pub(crate) struct Aws {
    config: &'static SdkConfig,
    region: String,
    client: Client,
    clock: Clock,
}

impl Aws {
    /// On the configuration every AWS client of the process shares.
    pub(crate) async fn connect(clock: Clock) -> Result<Self, AwsError> {
        let config = shared::aws::sdk_config().await;
        let region = config.region().ok_or(AwsError::Unmade("there is no AWS region"))?.as_ref().to_owned();
        let client = Client::builder()
            .tls_backend_preconfigured(shared::tls::client_config())
            .connect_timeout(Duration::from_secs(2))
            // What is signed is for one place.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|_| AwsError::Unmade("no HTTP client could be made"))?;
        Ok(Self { config, region, client, clock })
    }

    /// Hands an event to a version of a function and waits for its answer.
    pub(crate) async fn invoke(&self, arn: &str, event: &Value) -> Result<Invoked, AwsError> {
        let path = format!("/2015-03-31/functions/{}/invocations", arn.replace(':', "%3A"));
        let headers = [("content-type", "application/json"), ("x-amz-invocation-type", "RequestResponse")];
        let answer = self.call("lambda", &path, &headers, event.to_string(), INVOKE_LIMIT).await?;
        let failed = answer.headers().contains_key("x-amz-function-error");
        Ok(Invoked { failed, payload: answer.bytes().await.map_err(|_| AwsError::Silent)? })
    }

    /// Tells CodeDeploy how the hook of a deployment went.
    pub(crate) async fn put_status(&self, deployment: &str, execution: &str, status: &str) -> Result<(), AwsError> {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"),
        ];
        let body = json!({
            "deploymentId": deployment, "lifecycleEventHookExecutionId": execution, "status": status,
        });
        self.call("codedeploy", "/", &headers, body.to_string(), STATUS_LIMIT).await.map(drop)
    }

    async fn call(
        &self,
        service: &'static str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
        limit: Duration,
    ) -> Result<reqwest::Response, AwsError> {
        let url = format!("{}{path}", self.endpoint(service));
        let signed = self.signed(service, &url, headers, body.as_bytes()).await?;
        let mut request = self.client.post(&url).timeout(limit).body(body);
        for (name, value) in headers.iter().copied().chain(signed.iter().map(|(name, value)| (&**name, &**value))) {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|_| AwsError::Silent)?;
        if answer.status().is_success() { Ok(answer) } else { Err(AwsError::Refused(answer.status().as_u16())) }
    }

    /// `AWS_ENDPOINT_URL`, or the service's own in this region.
    fn endpoint(&self, service: &str) -> String {
        if let Some(url) = self.config.endpoint_url() {
            return url.trim_end_matches('/').to_owned();
        }
        let fips = if self.config.use_fips() == Some(true) { "-fips" } else { "" };
        let domain = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://{service}{fips}.{}.{domain}", self.region)
    }

    /// The headers that sign a POST.
    async fn signed(
        &self,
        service: &'static str,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Vec<(String, String)>, AwsError> {
        const NOT_SIGNED: AwsError = AwsError::Unmade("it can't be signed");
        const NOBODY: AwsError = AwsError::Unmade("there are no AWS credentials");
        let provider = self.config.credentials_provider().ok_or(NOBODY)?;
        let identity = provider.provide_credentials().await.map_err(|_| NOBODY)?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(SystemTime::from(self.clock.now()))
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| NOT_SIGNED)?
            .into();
        let request = SignableRequest::new("POST", url, headers.iter().copied(), SignableBody::Bytes(body));
        let (instructions, _) = sign(request.map_err(|_| NOT_SIGNED)?, &params).map_err(|_| NOT_SIGNED)?.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}
