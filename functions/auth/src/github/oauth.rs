//! The authorization code grant with PKCE, refresh, and revocation.

use std::pin::Pin;
use std::time::Duration;

use axum::http::{Response, StatusCode};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::config;
use url::Url;

use super::{GitHub, GitHubError, LONGEST_ANSWER, read, send};

pub(super) type OAuth = Client<
    BasicErrorResponse,
    Issued,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

type Issued = StandardTokenResponse<GitHubFields, BasicTokenType>;

/// What GitHub's answer has beside the standard's fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct GitHubFields {
    #[serde(default)]
    refresh_token_expires_in: Option<u64>,
}

impl ExtraTokenFields for GitHubFields {}

/// What GitHub has granted. Has no `Debug`: it is made of secrets.
pub(crate) struct Grant {
    pub(crate) access_token: SecretString,
    /// There is one where tokens expire.
    pub(crate) refresh_token: Option<SecretString>,
    /// Granted, which may be less than was asked for.
    pub(crate) scopes: Vec<String>,
    pub(crate) access_expires_in: Option<Duration>,
    pub(crate) refresh_expires_in: Option<Duration>,
}

/// Why there is no grant.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The code or the refresh token is wrong, used, or over: nothing will come of it.
    Invalid,
    /// GitHub could not be asked, or does not know the app.
    Unknown(GitHubError),
}

pub(super) fn client(settings: &config::GitHub) -> Option<OAuth> {
    let auth_url = AuthUrl::new(format!("{}/login/oauth/authorize", settings.url)).ok()?;
    let token_url = TokenUrl::new(format!("{}/login/oauth/access_token", settings.url)).ok()?;
    let client = Client::new(ClientId::new(settings.client_id.clone()))
        .set_client_secret(ClientSecret::new(settings.client_secret.expose_secret().to_owned()))
        // In the body, as GitHub documents it.
        .set_auth_type(AuthType::RequestBody)
        .set_auth_uri(auth_url)
        .set_token_uri(token_url)
        .set_redirect_uri(RedirectUrl::from_url(settings.redirect_uri.clone()));
    Some(client)
}

impl GitHub {
    /// Where the browser goes to be asked: for a code, bound to `state` and to whoever has the verifier.
    pub(crate) fn authorize_url(&self, state: String, verifier: &str) -> Url {
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_owned()));
        let scopes = self.settings.scopes.iter().cloned().map(Scope::new);
        let (url, _) =
            self.oauth.authorize_url(|| CsrfToken::new(state)).add_scopes(scopes).set_pkce_challenge(challenge).url();
        url
    }

    /// Trades a code for what it grants.
    pub(crate) async fn exchange(&self, code: String, verifier: String) -> Result<Grant, Refused> {
        self.oauth
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(self)
            .await
            .map(Grant::from)
            .map_err(Refused::from)
    }

    /// Trades a refresh token, which works once, for new tokens.
    pub(crate) async fn refresh(&self, refresh_token: &SecretString) -> Result<Grant, Refused> {
        self.oauth
            .exchange_refresh_token(&RefreshToken::new(refresh_token.expose_secret().to_owned()))
            .request_async(self)
            .await
            .map(Grant::from)
            .map_err(Refused::from)
    }

    /// Takes back all that the user has granted the app. What GitHub does not know is taken back already.
    pub(crate) async fn revoke_grant(&self, access_token: &SecretString) -> Result<(), GitHubError> {
        self.revoke("grant", access_token).await
    }

    /// Ends one token, and leaves what the user has granted.
    pub(crate) async fn revoke_token(&self, access_token: &SecretString) -> Result<(), GitHubError> {
        self.revoke("token", access_token).await
    }

    async fn revoke(&self, what: &str, access_token: &SecretString) -> Result<(), GitHubError> {
        let (id, secret) = (&self.settings.client_id, self.settings.client_secret.expose_secret());
        let request = self
            .http
            .delete(self.api(&format!("/applications/{id}/{what}")))
            .basic_auth(id, Some(secret))
            .json(&json!({"access_token": access_token.expose_secret()}));
        match send(request).await?.status() {
            StatusCode::NO_CONTENT | StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY => Ok(()),
            StatusCode::UNAUTHORIZED => Err(GitHubError::App("its id and secret do not fit")),
            other => Err(GitHubError::Status(other.as_u16())),
        }
    }

    async fn post(&self, request: HttpRequest) -> Result<HttpResponse, GitHubError> {
        let (parts, body) = request.into_parts();
        let request = self.http.post(parts.uri.to_string()).headers(parts.headers).body(body);
        let response = send(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(GitHubError::Status(status.as_u16()));
        }
        let body = read(response, LONGEST_ANSWER).await?;
        let mut response = Response::new(body);
        // GitHub tells of an error with status 200, where the standard has 400.
        *response.status_mut() = if is_error(response.body()) { StatusCode::BAD_REQUEST } else { status };
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for GitHub {
    type Error = GitHubError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, GitHubError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.post(request))
    }
}

fn is_error(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Marked {
        error: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Marked>(body).is_ok_and(|marked| marked.error.is_some())
}

impl From<Issued> for Grant {
    fn from(issued: Issued) -> Self {
        // GitHub puts commas between scopes, where the standard has spaces.
        let scopes = issued.scopes().into_iter().flatten().flat_map(|scope| scope.split(','));
        Self {
            scopes: scopes.filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            access_expires_in: issued.expires_in(),
            refresh_expires_in: issued.extra_fields().refresh_token_expires_in.map(Duration::from_secs),
            refresh_token: issued.refresh_token().map(|token| token.secret().clone().into()),
            access_token: issued.access_token().secret().clone().into(),
        }
    }
}

impl From<RequestTokenError<GitHubError, BasicErrorResponse>> for Refused {
    fn from(error: RequestTokenError<GitHubError, BasicErrorResponse>) -> Self {
        let answer = match error {
            RequestTokenError::ServerResponse(answer) => answer,
            RequestTokenError::Request(error) => return Self::Unknown(error),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                return Self::Unknown(GitHubError::Malformed("a token answer"));
            }
        };
        match answer.error().as_ref() {
            "invalid_grant" | "bad_verification_code" | "bad_refresh_token" => Self::Invalid,
            "redirect_uri_mismatch" => Self::Unknown(GitHubError::App("the redirect URI is not the registered one")),
            _ => Self::Unknown(GitHubError::App("its id and secret do not fit, or the request is not of its form")),
        }
    }
}
