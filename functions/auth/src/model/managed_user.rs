use jiff::Timestamp;
use serde::Serialize;
use shared::identity::Role;
use utoipa::ToSchema;
use uuid::Uuid;

use super::UserStatus;

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
    pub role: Role,
    /// Whether the user may sign in.
    #[schema(value_type = UserStatus)]
    pub status: &'static str,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When its role, its status or what protects it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}
