//! Parsers of untrusted bytes that nothing outside this crate calls but the targets of `fuzz/`. Each answers with texts,
//! so that the types stay the crate's own.

use axum::http::Method;
use shared::http::{IdCursor, Members};
use url::Url;

use crate::delivery::{Cost, Receipt};
use crate::github::{Call, pages};
use crate::model::{DisplayName, Label, Preferences, PreferencesBody, ReturnTo, Username};
use crate::password::{Password, weakness, words};

/// A username as it is kept, and in the form in which two are the same.
pub fn username(text: &str) -> Option<(String, String)> {
    Username::parse(text).ok().map(|name| (name.as_str().to_owned(), name.canonical()))
}

/// A display name as it is kept.
pub fn display_name(text: &str) -> Option<String> {
    DisplayName::parse(text).ok().map(DisplayName::into_string)
}

/// The name of a passkey or a device as it is kept.
pub fn label(text: &str) -> Option<String> {
    Label::parse(text).ok().map(|label| label.as_str().to_owned())
}

/// The texts of a password that are hashed, the normalised one first.
pub fn password(text: &str) -> Option<Vec<Vec<u8>>> {
    Password::parse(text.to_owned()).ok().map(|password| password.forms().map(<[u8]>::to_vec).collect())
}

/// What is wrong with a new password of the user of that name; nothing where it is refused unread.
pub fn advice(text: &str, name: &str) -> Option<String> {
    weakness(&Password::parse(text.to_owned()).ok()?, &words(&[name]), 3)
}

/// A cursor as it is told.
pub fn cursor(text: &str) -> Option<String> {
    IdCursor::parse(text).ok().map(IdCursor::text)
}

/// Where a visit comes back to on this origin.
pub fn return_to(text: &str, origin: &Url, fragment: &str) -> Option<String> {
    ReturnTo::parse(text).ok().map(|path| path.on(origin, fragment))
}

/// A call that is forwarded to GitHub.
pub struct GitHubCall(Call);

impl GitHubCall {
    /// Reads a path below `/api/github` and its query.
    pub fn parse(method: &Method, path: &str, query: Option<&str>) -> Option<Self> {
        Call::parse(method, path, query).ok().map(Self)
    }

    /// The method and the pattern of its entry in the list.
    pub fn allowed(&self) -> (&Method, &'static str) {
        let allowed = self.0.allowed();
        (&allowed.method, allowed.pattern)
    }

    /// The path and query that are asked of GitHub.
    pub fn target(&self) -> String {
        self.0.target()
    }

    /// What becomes of the header `Link` of GitHub's answer.
    pub fn pages(&self, link: &str) -> String {
        pages(&self.0, link)
    }
}

/// The stored document of preferences once a patch has changed those of a new user.
pub fn preferences(patch: Members) -> Option<String> {
    let mut preferences = Preferences::default();
    preferences.apply(patch).ok()?;
    serde_json::to_string(&preferences).ok()
}

/// What of a stored document is shown, and the document as it would be stored again.
pub fn stored_preferences(document: Members) -> Option<(String, String)> {
    let preferences = Preferences::stored(document);
    let stored = serde_json::to_string(&preferences).ok()?;
    Some((serde_json::to_string(&PreferencesBody::from(preferences)).ok()?, stored))
}

/// Billionths of what a provider charges.
pub fn cost(amount: &str, currency: &str) -> Option<i64> {
    Cost::parse(amount, currency).map(|cost| cost.nano)
}

/// A provider's id of a message as it is kept.
pub fn message_id(text: &str) -> Option<String> {
    Receipt::new(text).message_id
}
