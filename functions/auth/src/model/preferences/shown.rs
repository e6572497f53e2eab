use serde::Serialize;
use shared::http::Members;
use utoipa::ToSchema;

use super::{Preferences, Theme};

/// The caller's preferences, those that are not set with their defaults.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreferencesBody {
    /// `system` unless it is set.
    theme: Theme,
    /// A BCP 47 tag; nothing where it is the browser's that counts.
    #[schema(example = "pt-BR")]
    language: Option<String>,
    /// A name of the IANA time zone database; nothing where it is the device's that counts.
    #[schema(example = "Africa/Nairobi")]
    time_zone: Option<String>,
    notifications: NotificationsBody,
    /// The application's own: any object up to 16 KB and 16 levels.
    #[schema(value_type = Object)]
    app: Members,
}

/// What the user wants to hear of, and how.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct NotificationsBody {
    /// By email, `true` unless it is set.
    email: bool,
    /// By SMS, `false` unless it is set.
    sms: bool,
    /// Sign-in on a new device, `true` unless it is set.
    new_device: bool,
    /// News of the application, `false` unless it is set.
    product: bool,
}

impl From<Preferences> for PreferencesBody {
    fn from(preferences: Preferences) -> Self {
        let notifications = preferences.notifications;
        Self {
            theme: preferences.theme.unwrap_or_default(),
            language: preferences.language,
            time_zone: preferences.time_zone,
            notifications: NotificationsBody {
                email: notifications.email.unwrap_or(true),
                sms: notifications.sms.unwrap_or(false),
                new_device: notifications.new_device.unwrap_or(true),
                product: notifications.product.unwrap_or(false),
            },
            app: preferences.app,
        }
    }
}
