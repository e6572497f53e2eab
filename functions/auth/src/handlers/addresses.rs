use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, PathId, Problem, ProblemBody};
use shared::identity::Caller;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::App;
use crate::domain::Client;
use crate::domain::addresses;
use crate::domain::contacts::Address;

/// What kind an address is of.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes what `Address::parse` reads")]
pub(crate) enum ContactKind {
    Email,
    Phone,
}

/// An address of the caller's.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactBody {
    id: Uuid,
    #[schema(value_type = ContactKind)]
    kind: String,
    address: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    verified_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// The caller's addresses.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactsBody {
    contacts: Vec<ContactBody>,
}

/// An address to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewContact {
    #[schema(value_type = ContactKind)]
    kind: String,
    /// An email address, or a number in E.164 such as +254700000000.
    address: String,
}

/// A code went to an address.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeSentBody {
    /// The address's id.
    id: Uuid,
    /// When the code is over.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// The code that was sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactCode {
    /// Six digits.
    code: String,
}

/// The caller's addresses.
#[utoipa::path(get, path = "/api/auth/contacts", tag = "auth", responses(
    (status = 200, description = "The addresses", body = ContactsBody),
))]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<ContactsBody>, Problem> {
    let contacts = addresses::list(&app, &caller).await?;
    let body = |contact: crate::domain::contacts::Contact| ContactBody {
        id: contact.row.id,
        address: contact.address.as_str().to_owned(),
        kind: contact.row.kind,
        verified_at: contact.row.verified_at,
        created_at: contact.row.created_at,
    };
    Ok(Json(ContactsBody { contacts: contacts.into_iter().map(body).collect() }))
}

/// Adds an address and sends a code to it.
#[utoipa::path(post, path = "/api/auth/contacts", tag = "auth", request_body = NewContact, responses(
    (status = 201, description = "Added; confirm it by the code", body = CodeSentBody),
    (status = 400, description = "That is no address", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 409, description = "There are too many", body = ProblemBody),
    (status = 429, description = "Too many messages", body = ProblemBody),
    (status = 503, description = "No provider took the message", body = ProblemBody),
))]
pub(crate) async fn add(
    State(app): State<App>,
    caller: Caller,
    client: Client,
    JsonBody(body): JsonBody<NewContact>,
) -> Result<(StatusCode, Json<CodeSentBody>), Problem> {
    let address = Address::parse(&body.kind, &body.address)?;
    let (id, expires_at) = addresses::add(&app, &caller, &client, &address).await?;
    Ok((StatusCode::CREATED, Json(CodeSentBody { id, expires_at })))
}

/// Sends another code to an address.
#[utoipa::path(post, path = "/api/auth/contacts/{id}/send", tag = "auth", params(("id" = Uuid, Path)), responses(
    (status = 202, description = "Sent", body = CodeSentBody),
    (status = 404, description = "There is no such address", body = ProblemBody),
    (status = 429, description = "Too many messages", body = ProblemBody),
))]
pub(crate) async fn send(
    State(app): State<App>,
    caller: Caller,
    client: Client,
    PathId(id): PathId,
) -> Result<(StatusCode, Json<CodeSentBody>), Problem> {
    let expires_at = addresses::send(&app, &caller, &client, id).await?;
    Ok((StatusCode::ACCEPTED, Json(CodeSentBody { id, expires_at })))
}

/// Proves an address by the code that was sent to it.
#[utoipa::path(post, path = "/api/auth/contacts/{id}/verify", tag = "auth", params(("id" = Uuid, Path)),
    request_body = ContactCode, responses(
        (status = 204, description = "Proved"),
        (status = 400, description = "The code is not right", body = ProblemBody),
        (status = 404, description = "There is no such address", body = ProblemBody),
        (status = 409, description = "Another account has this address", body = ProblemBody),
        (status = 429, description = "Too many wrong codes for this address", body = ProblemBody),
    ))]
pub(crate) async fn verify(
    State(app): State<App>,
    caller: Caller,
    client: Client,
    PathId(id): PathId,
    JsonBody(body): JsonBody<ContactCode>,
) -> Result<StatusCode, Problem> {
    addresses::verify(&app, &caller, &client, id, &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an address, and the second factor that used it.
#[utoipa::path(delete, path = "/api/auth/contacts/{id}", tag = "auth", params(("id" = Uuid, Path)), responses(
    (status = 204, description = "Removed"),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 404, description = "There is no such address", body = ProblemBody),
    (status = 409, description = "The role needs the second factor that uses it", body = ProblemBody),
))]
pub(crate) async fn remove(State(app): State<App>, caller: Caller, PathId(id): PathId) -> Result<StatusCode, Problem> {
    addresses::remove(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn the_kinds_described_are_those_there_are() {
        let described = serde_json::to_value(ContactKind::schema()).unwrap();
        let read = [("email", "ada@example.org"), ("phone", "+254700000000")];
        let kinds = read.map(|(kind, text)| Address::parse(kind, text).unwrap().kind());
        assert_eq!(described["enum"], serde_json::json!(kinds));
    }
}
