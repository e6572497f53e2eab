//! A build without AWS, in which settings that ask for IAM are refused.

use secrecy::SecretString;

use super::NoToken;
use crate::clock::Clock;

const ABSENT: NoToken = NoToken("this build is without AWS");

/// Makes no tokens.
#[derive(Clone)]
pub struct IamTokens;

impl IamTokens {
    /// Needs nothing.
    pub fn new(_: Clock) -> Self {
        Self
    }

    #[expect(clippy::unused_async, reason = "as with AWS")]
    pub(in crate::data) async fn database(&self, _: &str, _: u16, _: &str) -> Result<SecretString, NoToken> {
        Err(ABSENT)
    }

    #[expect(clippy::unused_async, reason = "as with AWS")]
    pub(in crate::data) async fn cache(&self, _: &str, _: &str) -> Result<SecretString, NoToken> {
        Err(ABSENT)
    }
}
