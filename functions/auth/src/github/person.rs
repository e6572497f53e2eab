//! Who has granted a token: the GitHub user and the addresses GitHub has verified.

use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{GitHub, GitHubError, LONGEST_ANSWER, read, send};
use crate::model::EmailAddress;

/// More addresses than anybody has: each is a look-up.
const MOST_ADDRESSES: usize = 10;
/// In addresses that GitHub makes up for who keeps theirs private: no mail arrives there.
const NO_REPLY: &str = "@users.noreply.";

/// A GitHub user.
pub(crate) struct Person {
    /// Never changes, unlike the login, which another may take over.
    pub(crate) id: u64,
    pub(crate) login: String,
    pub(crate) name: Option<String>,
    /// The primary one first, at most ten.
    pub(crate) addresses: Vec<VerifiedAddress>,
}

/// An address that GitHub has seen the user prove.
pub(crate) struct VerifiedAddress {
    pub(crate) address: EmailAddress,
    pub(crate) primary: bool,
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    email: String,
    primary: bool,
    verified: bool,
}

impl GitHub {
    /// Asks who the token's user is.
    pub(crate) async fn person(&self, access_token: &SecretString) -> Result<Person, GitHubError> {
        let (user, emails) = tokio::join!(
            self.get::<User>("/user", access_token),
            self.get::<Vec<Listed>>("/user/emails", access_token)
        );
        let user = user?;
        let emails = match emails {
            // Without the scope `user:email` GitHub tells none.
            Err(GitHubError::Status(403 | 404)) => Vec::new(),
            answer => answer?,
        };
        let mut addresses: Vec<VerifiedAddress> = emails
            .into_iter()
            .filter(|email| email.verified && !email.email.to_ascii_lowercase().contains(NO_REPLY))
            .filter_map(|email| {
                Some(VerifiedAddress { address: EmailAddress::parse(&email.email).ok()?, primary: email.primary })
            })
            .collect();
        addresses.sort_by_key(|address| !address.primary);
        addresses.truncate(MOST_ADDRESSES);
        Ok(Person { id: user.id, login: user.login, name: user.name, addresses })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, access_token: &SecretString) -> Result<T, GitHubError> {
        let response = send(self.http.get(self.api(path)).bearer_auth(access_token.expose_secret())).await?;
        if response.status() != StatusCode::OK {
            return Err(GitHubError::Status(response.status().as_u16()));
        }
        let body = read(response, LONGEST_ANSWER).await?;
        serde_json::from_slice(&body).map_err(|_| GitHubError::Malformed("a user or a list of addresses"))
    }
}
