//! Values parsed once.

use jiff::Timestamp;
use serde::Serialize;
use shared::http::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

/// A chat's title: 1 to 200 characters. May be PHI.
pub(crate) struct Title(String);

impl Title {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        line(text, 200)
            .map(Self)
            .ok_or_else(|| Problem::bad_request("invalid_title", "A title has to be 1 to 200 printable characters"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A patient's id: 1 to 255 characters, compared as it is. PHI.
pub(crate) struct PatientId(String);

impl PatientId {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        line(text, 255).map(Self).ok_or_else(|| {
            Problem::bad_request("invalid_patient_id", "A patient id has to be 1 to 255 printable characters")
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a user says: 1 to 100,000 characters, not only spaces.
pub(crate) struct Content(String);

impl Content {
    const LONGEST: usize = 100_000;

    pub(crate) fn parse(text: String) -> Result<Self, Problem> {
        if text.trim().is_empty() || text.chars().count() > Self::LONGEST || text.contains('\0') {
            return Err(Problem::bad_request("invalid_content", "A message has to be 1 to 100,000 characters"));
        }
        Ok(Self(text))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

fn line(text: &str, longest: usize) -> Option<String> {
    let text = text.trim();
    let fits = (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Speaker {
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl Speaker {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::User, Self::Assistant].into_iter().find(|speaker| speaker.name() == name)
    }
}

/// A chat, opened.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Chat {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) patient_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) updated_at: Timestamp,
}

/// What an answer took, and of whom.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnswerUsage {
    pub(crate) model: String,
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
    pub(crate) total_tokens: u64,
    /// Billionths of a US dollar.
    pub(crate) cost_nano_dollars: u64,
}

/// A message, opened.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) role: Speaker,
    pub(crate) content: String,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    /// What it took, where a model said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<AnswerUsage>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded() {
        assert_eq!(Title::parse("  Knee, left ").unwrap().as_str(), "Knee, left");
        assert!(Title::parse(&"x".repeat(201)).is_err());
        assert!(PatientId::parse("p\u{7}").is_err());
        assert!(Content::parse(" \n ".into()).is_err());
        assert!(Content::parse("a\0b".into()).is_err());
        assert!(Content::parse("two\nlines".into()).is_ok());
    }
}
