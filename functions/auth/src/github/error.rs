use axum::http::StatusCode;
use shared::http::Problem;

/// Why GitHub gave no answer that is one. Holds nothing of the request or the answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitHubError {
    /// It could not be asked.
    #[error("GitHub could not be reached: {0}")]
    Unreachable(&'static str),
    /// It answered with a status that belongs to no right answer.
    #[error("GitHub answered with status {0}")]
    Status(u16),
    /// It does not know the app, or its secret.
    #[error("GitHub refused the app: {0}")]
    App(&'static str),
    /// Its answer is larger than any that is asked for.
    #[error("GitHub's answer is too large")]
    TooLarge,
    /// Its answer is not of the documented form.
    #[error("GitHub's answer is not {0}")]
    Malformed(&'static str),
}

impl GitHubError {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        Self::Unreachable(if error.is_timeout() { "it took too long" } else { "the connection failed" })
    }
}

impl From<GitHubError> for Problem {
    fn from(error: GitHubError) -> Self {
        match error {
            GitHubError::TooLarge => {
                Self::new(StatusCode::BAD_GATEWAY, "github_answer_too_large", "GitHub's answer is too large")
                    .detail("Answers up to 5 MB are passed on. Ask for less at once, with per_page.")
            }
            GitHubError::App(_) => Self::internal("GitHub refuses the app"),
            GitHubError::Unreachable(_) => unavailable(StatusCode::SERVICE_UNAVAILABLE),
            GitHubError::Status(_) | GitHubError::Malformed(_) => unavailable(StatusCode::BAD_GATEWAY),
        }
        .source(error)
    }
}

fn unavailable(status: StatusCode) -> Problem {
    Problem::new(status, "github_unavailable", "GitHub gives no answer").detail("Try again in a moment.")
}
