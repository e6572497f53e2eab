//! The sealed part of a user.

use shared::Platform;
use shared::http::Problem;
use shared::vault::Field;
use uuid::Uuid;

use crate::model::Profile;

/// Seals a profile under its user's data key.
pub(crate) async fn seal(platform: &Platform, user_id: Uuid, profile: &Profile) -> Result<Vec<u8>, Problem> {
    let json = serde_json::to_vec(profile).map_err(|_| Problem::internal("profile has no JSON form"))?;
    let key = platform.vault.owner_key(&platform.db, user_id).await?;
    Ok(key.seal(&field(&user_id.to_string()), &json)?)
}

/// Opens it.
pub(crate) async fn open(platform: &Platform, user_id: Uuid, sealed: &[u8]) -> Result<Profile, Problem> {
    let json = platform.vault.open_any(&platform.db, user_id, &field(&user_id.to_string()), sealed).await?;
    serde_json::from_slice(&json).map_err(|_| Problem::internal("profile does not parse"))
}

fn field(row: &str) -> Field<'_> {
    Field { table: "users", column: "profile", row }
}
