//! Objects whose row is gone.

use crate::App;
use crate::store::file_objects;

/// Deletes objects that no row stands for any more. What fails is left to the sweep.
pub(super) async fn objects(app: &App, keys: &[String]) -> usize {
    let Ok(objects) = app.objects() else { return 0 };
    let mut deleted = Vec::with_capacity(keys.len());
    for key in keys {
        match objects.delete(key).await {
            Ok(()) => deleted.push(key.clone()),
            Err(error) => tracing::warn!(%error, "an object stays until the next sweep"),
        }
    }
    if !deleted.is_empty()
        && let Err(error) = file_objects::forget(&app.platform.db.unscoped(), &deleted, app.platform.now()).await
    {
        tracing::warn!(%error, "deleted objects are swept again");
    }
    deleted.len()
}
