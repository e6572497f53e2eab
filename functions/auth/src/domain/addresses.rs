//! Adding, proving and removing a user's addresses.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::{AuditEntry, SecurityEvent, Severity};
use uuid::Uuid;

use super::attempts::{Attempt, Method};
use super::contacts::{self, Address, Contact};
use super::second_factor::Factor;
use super::{Client, codes, devices, factors, sms_budget, step_up};
use crate::App;
use crate::delivery::{CodePurpose, SecurityChange, Template};
use crate::store::{accounts, contacts as rows, factors as factor_rows, recoveries};

/// Addresses a user may have.
const MOST: i64 = 10;

/// The caller's addresses.
pub(crate) async fn list(app: &App, caller: &Caller) -> Result<Vec<Contact>, Problem> {
    let entry = AuditEntry::by(caller, "address.list", "user_contacts", app.platform.now());
    contacts::open_all(app, &app.platform.db.scoped(entry), caller.user_id()).await
}

/// Adds an address and sends a code to it. Until the code is given back the address proves nothing.
///
/// # Errors
/// 403 `step_up_required`; 409 `too_many_addresses`; 429; 503 where no provider takes the message.
pub(crate) async fn add(
    app: &App,
    caller: &Caller,
    client: &Client,
    address: &Address,
) -> Result<(Uuid, Timestamp), Problem> {
    step_up::require(app, caller).await?;
    let (platform, user_id) = (&app.platform, caller.user_id());
    devices::prepare(app, user_id).await?;
    let entry = AuditEntry::by(caller, "address.add", "user_contacts", platform.now());
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    step_up::still_here(app, &transaction, caller).await?;
    if rows::how_many(&transaction, user_id).await? >= MOST {
        return Err(Problem::new(StatusCode::CONFLICT, "too_many_addresses", "There are 10 addresses already")
            .detail("Remove one that is no longer used."));
    }
    let id = contacts::store(app, &transaction, user_id, address, false).await?;
    transaction.commit().await?;
    Ok((id, send_code(app, client, user_id, id, address).await?))
}

/// Sends another code to an address of the caller's.
///
/// # Errors
/// 404; 429; 503 where no provider takes the message.
pub(crate) async fn send(app: &App, caller: &Caller, client: &Client, id: Uuid) -> Result<Timestamp, Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let contacts = contacts::open_all(app, &platform.db.unaudited(user_id), user_id).await?;
    let contact = contacts.into_iter().find(|contact| contact.row.id == id).ok_or_else(Problem::not_found)?;
    send_code(app, client, user_id, id, &contact.address).await
}

async fn send_code(
    app: &App,
    client: &Client,
    user_id: Uuid,
    id: Uuid,
    address: &Address,
) -> Result<Timestamp, Problem> {
    let platform = &app.platform;
    sms_budget::spend_on(app, address).await?;
    // Counted by the user, who could have many phones ring, and by the address, which many users could.
    Attempt::begin(app, client, Method::Sending, user_id, None).await?;
    let index = address.index(platform).await?;
    Attempt::begin(app, client, Method::Sending, Uuid::nil(), Some(index)).await?;
    let code = codes::issue(app, &platform.db.unaudited(user_id), user_id, &purpose(id)).await?;
    let template = Template::Code { code, purpose: CodePurpose::Address, valid_for: codes::LIFETIME.unsigned_abs() };
    app.delivery.send(platform, user_id, address.message(template)).await?;
    Ok(platform.now() + codes::LIFETIME)
}

/// Proves an address by the code that was sent to it.
///
/// # Errors
/// 400 `code_invalid`; 404; 409 `address_taken` where another account has proved it; 429.
pub(crate) async fn verify(app: &App, caller: &Caller, client: &Client, id: Uuid, code: &str) -> Result<(), Problem> {
    let (platform, user_id, now) = (&app.platform, caller.user_id(), app.platform.now());
    let on = platform.db.unaudited(user_id);
    let contacts = contacts::open_all(app, &on, user_id).await?;
    let contact = contacts.into_iter().find(|contact| contact.row.id == id).ok_or_else(Problem::not_found)?;
    // Counted by the address: many accounts together get no more guesses at its codes.
    let index = contact.address.index(platform).await?;
    let attempt = Attempt::begin(app, client, Method::AddressCode, Uuid::nil(), Some(index)).await?;
    if !codes::take(app, &on, user_id, &purpose(id), code).await? {
        attempt.failed(app, "wrong_code").await?;
        return Err(codes::invalid());
    }
    attempt.succeeded(app, &platform.db.unaudited(Uuid::nil()), "verified").await?;
    let entry = AuditEntry::by(caller, "address.verify", "user_contacts", now).resource(id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    step_up::still_here(app, &transaction, caller).await?;
    if !rows::verify(&transaction, id, now).await.map_err(|error| contacts::refused(&error))? {
        return Err(Problem::not_found());
    }
    let event = SecurityEvent::new(user_id, "address_verified", Severity::Low, caller.request);
    event.details(json!({"contact_id": id})).record(&transaction, &platform.clock).await?;
    transaction.commit().await?;
    contacts::notice(app, user_id, SecurityChange::AddressAdded).await;
    Ok(())
}

/// Removes an address, and with it the second factor that used it and the links that were sent. The address hears of it, too.
///
/// # Errors
/// 403 `step_up_required`; 404; 409 as [`factors::still_strong_enough`].
pub(crate) async fn remove(app: &App, caller: &Caller, id: Uuid) -> Result<(), Problem> {
    step_up::require(app, caller).await?;
    let (platform, user_id, now) = (&app.platform, caller.user_id(), app.platform.now());
    let before = contacts::open_all(app, &platform.db.unaudited(user_id), user_id).await?;
    let removed = before.into_iter().find(|contact| contact.row.id == id).ok_or_else(Problem::not_found)?;
    let entry = AuditEntry::by(caller, "address.remove", "user_contacts", now).resource(id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    step_up::still_here(app, &transaction, caller).await?;
    let version = accounts::raise_security_version(&transaction, user_id, now).await?;
    if factor_rows::remove_of_contact(&transaction, user_id, id).await? {
        factors::still_strong_enough(app, &transaction, user_id).await?;
        let factor = if removed.address.kind() == "email" { Factor::Email } else { Factor::Sms };
        factors::changed(app, &transaction, caller, "factor_removed", factor).await?;
    }
    if !rows::delete(&transaction, id).await? {
        return Err(Problem::not_found());
    }
    recoveries::void(&transaction, user_id, now).await?;
    let event = SecurityEvent::new(user_id, "address_removed", Severity::Medium, caller.request);
    event.details(json!({"contact_id": id})).record(&transaction, &platform.clock).await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    contacts::notice(app, user_id, SecurityChange::AddressRemoved).await;
    if removed.row.verified_at.is_some() {
        let template = Template::Notice { change: SecurityChange::AddressRemoved, at: now };
        let message = removed.address.message(template);
        if let Err(problem) = app.delivery.send(platform, user_id, message).await {
            tracing::warn!(code = problem.summary().0, "a notice was not sent");
        }
    }
    Ok(())
}

fn purpose(id: Uuid) -> String {
    format!("address {id}")
}
