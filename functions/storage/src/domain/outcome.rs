//! What the database answers to a change, as a client is told it.

use axum::http::StatusCode;
use shared::http::Problem;

use crate::App;
use crate::store::values::Changed;

const AGAIN: &str = "Nothing was changed. Read it again, and repeat the change with the new ETag.";

/// The items a change happened to, with their versions.
///
/// # Errors
/// 412 `version_mismatch`, 409 `too_many_keys` or `storage_full`, 404.
pub(super) fn done(app: &App, changed: Changed) -> Result<Vec<(usize, i64)>, Problem> {
    let limits = app.platform.settings.storage;
    match changed {
        Changed::Done(items) => Ok(items),
        Changed::Refused(_) => Err(refused(AGAIN.to_owned())),
        Changed::TooManyKeys => Err(Problem::new(StatusCode::CONFLICT, "too_many_keys", "There are too many keys")
            .detail(format!("An account may have {}. Delete some, or put more into each value.", limits.keys))),
        Changed::Full => Err(Problem::new(StatusCode::CONFLICT, "storage_full", "The account's storage is full")
            .detail(format!(
                "It may keep {} bytes, former versions and deleted keys included. Delete keys, then POST \
                 /api/storage/versions/forget, or wait: what is {} days old goes by itself.",
                limits.bytes, limits.version_days
            ))),
        Changed::NotFound => Err(Problem::not_found()),
        // Whoever changes something settles this first.
        Changed::Elsewhere => Err(Problem::unavailable()),
    }
}

/// The same of a batch, whose items are named by their places: keys can point at a person.
///
/// # Errors
/// As of one.
pub(super) fn done_each(app: &App, changed: Changed) -> Result<Vec<(usize, i64)>, Problem> {
    if let Changed::Refused(items) = &changed {
        let places: Vec<String> = items.iter().map(ToString::to_string).collect();
        return Err(refused(format!("{AGAIN} Items, counted from 0: {}.", places.join(", "))));
    }
    done(app, changed)
}

fn refused(detail: String) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "version_mismatch", "The value is not of the version you know")
        .detail(detail)
}
