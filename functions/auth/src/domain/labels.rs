//! Names that users give to what is theirs: sealed under the user's data key.

use shared::Platform;
use shared::http::Problem;
use shared::vault::Field;
use uuid::Uuid;

use crate::model::Label;

/// Seals a name.
pub(crate) async fn seal(
    platform: &Platform,
    user_id: Uuid,
    field: &Field<'_>,
    name: &Label,
) -> Result<Vec<u8>, Problem> {
    let key = platform.vault.owner_key(&platform.db, user_id).await?;
    Ok(key.seal(field, name.as_str().as_bytes())?)
}

/// Opens it.
pub(crate) async fn open(
    platform: &Platform,
    user_id: Uuid,
    field: &Field<'_>,
    sealed: &[u8],
) -> Result<String, Problem> {
    let name = platform.vault.open_any(&platform.db, user_id, field, sealed).await?;
    String::from_utf8(name.to_vec()).map_err(|_| Problem::internal("a name is not text"))
}
