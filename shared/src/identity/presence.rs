//! Whether somebody is really there: what sensitive routes ask of a session (NIST SP 800-63B-4, section 2.2.3).

use jiff::{SignedDuration, Timestamp};

use super::{Assurance, Session, SessionKind};
use crate::http::Problem;

/// How long ago a factor may have been shown.
const RECENT: SignedDuration = SignedDuration::from_mins(15);

/// What a session shows of its user's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A factor was shown within 15 minutes, at assurance level 2.
    Strong,
    /// A factor was shown within 15 minutes, below that: enough where the account can't reach level 2.
    Weak,
    /// None was shown lately.
    Stale,
}

impl Session {
    /// What the session shows at a time.
    ///
    /// # Errors
    /// 403 `api_key_refused` for an API key, which shows nobody's presence.
    pub fn presence(&self, now: Timestamp) -> Result<Presence, Problem> {
        if self.kind == SessionKind::ApiKey {
            return Err(Problem::forbidden("api_key_refused", "API keys are not for that")
                .detail("Sign in: this can only be done by somebody who is there."));
        }
        let is_recent = now.duration_since(self.authenticated_at) <= RECENT;
        Ok(match (is_recent, self.assurance) {
            (true, Assurance::Aal2) => Presence::Strong,
            (true, Assurance::Aal1) => Presence::Weak,
            (false, _) => Presence::Stale,
        })
    }
}

impl Presence {
    /// What a caller is told who has to show more: 403 `step_up_required`.
    pub fn refused() -> Problem {
        Problem::forbidden("step_up_required", "Show again that it is you").detail(
            "POST /api/auth/step-up with a passkey, a code or the password, then repeat this within 15 minutes.",
        )
    }
}
