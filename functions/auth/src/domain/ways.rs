//! Ways to sign in: one of them always stays.

use axum::http::StatusCode;
use shared::data::Transaction;
use shared::http::Problem;
use uuid::Uuid;

use crate::store::accounts;

/// Refuses, by rolling back, to take an account's last way to sign in. Called in the transaction that has taken one,
/// and that has locked the account before with [`accounts::raise_security_version`]: of two that each take one of the
/// last two, the second sees what the first has done.
///
/// # Errors
/// 409 `last_way_to_sign_in`.
pub(crate) async fn one_is_left(on: &Transaction<'_>, user_id: Uuid) -> Result<(), Problem> {
    let account = accounts::load(on, user_id).await?.ok_or_else(Problem::unauthenticated)?;
    if account.ways_to_sign_in() > 0 {
        return Ok(());
    }
    Err(Problem::new(StatusCode::CONFLICT, "last_way_to_sign_in", "This is the last way to sign in to this account")
        .detail("Add a passkey or set a password first."))
}
