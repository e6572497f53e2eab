use jiff::Timestamp;
use serde::Serialize;
use shared::identity::Role;
use utoipa::ToSchema;
use uuid::Uuid;

/// A user as an administrator sees them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ManagedUser {
    /// The user's id.
    pub id: Uuid,
    /// What the user signs in by.
    pub username: String,
    /// What the user is called.
    pub display_name: String,
    /// What the user is to the application.
    #[schema(value_type = String, example = "user")]
    pub role: Role,
    /// `invited` until the invitation is followed, then `active`; `disabled` where nobody may sign in.
    #[schema(example = "active")]
    pub status: &'static str,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When its role, its status or what protects it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}
