//! The rules of chats and of the calls that answer them.

mod answer;
pub(crate) mod chats;
pub(crate) mod exchange;
pub(crate) mod sealing;
