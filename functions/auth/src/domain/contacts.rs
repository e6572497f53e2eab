//! A user's addresses: sealed, found by blind indexes, proved by a code that was sent to them.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::Platform;
use shared::data::{DbError, Statements};
use shared::http::Problem;
use shared::vault::{BlindIndex, Field};
use uuid::Uuid;

use crate::App;
use crate::delivery::{Message, Recipient, SecurityChange, Template};
use crate::model::{EmailAddress, PhoneNumber};
use crate::store::contacts::{self, Row};

/// An email address or a phone number.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Address {
    Email(EmailAddress),
    Phone(PhoneNumber),
}

impl Address {
    /// Reads an address of a kind, `email` or `phone`.
    ///
    /// # Errors
    /// 400 `invalid_email`, `invalid_phone` or `invalid_kind`.
    pub(crate) fn parse(kind: &str, text: &str) -> Result<Self, Problem> {
        match kind {
            "email" => EmailAddress::parse(text).map(Self::Email),
            "phone" => PhoneNumber::parse(text).map(Self::Phone),
            _ => Err(Problem::bad_request("invalid_kind", "An address is of the kind email or phone")),
        }
    }

    /// Its kind, as the database names it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Phone(_) => "phone",
        }
    }

    /// As it was given.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::Phone(phone) => phone.as_str(),
        }
    }

    /// For whoever knows it already.
    pub(crate) fn masked(&self) -> String {
        match self {
            Self::Email(email) => email.masked(),
            Self::Phone(phone) => phone.masked(),
        }
    }

    /// A message to it.
    pub(crate) fn message(&self, template: Template) -> Message {
        let to = match self {
            Self::Email(email) => Recipient::Email(email.clone()),
            Self::Phone(phone) => Recipient::Phone(phone.clone()),
        };
        Message { template, to }
    }

    /// What it is found by.
    pub(crate) async fn index(&self, platform: &Platform) -> Result<BlindIndex, Problem> {
        let (purpose, canonical) = match self {
            Self::Email(email) => ("user_contacts.email", email.canonical()),
            Self::Phone(phone) => ("user_contacts.phone", phone.as_str().to_owned()),
        };
        Ok(platform.vault.blind_index(&platform.db, purpose, None, &canonical).await?)
    }
}

/// What an email address is found by.
pub(crate) async fn email_index(platform: &Platform, email: &EmailAddress) -> Result<BlindIndex, Problem> {
    Address::Email(email.clone()).index(platform).await
}

/// Seals an address for the row `id`.
pub(crate) async fn seal(platform: &Platform, user_id: Uuid, id: Uuid, address: &str) -> Result<Vec<u8>, Problem> {
    let key = platform.vault.owner_key(&platform.db, user_id).await?;
    Ok(key.seal(&field(&id.to_string()), address.as_bytes())?)
}

/// An address of a user.
pub(crate) struct Contact {
    pub(crate) row: Row,
    pub(crate) address: Address,
}

/// Stores an address of a user, proved already or not yet. In a transaction the user's data key has been fetched before.
pub(crate) async fn store(
    app: &App,
    on: &impl Statements,
    user_id: Uuid,
    address: &Address,
    verified: bool,
) -> Result<Uuid, Problem> {
    let platform = &app.platform;
    let (id, now) = (platform.new_id()?, platform.now());
    let row = Row {
        id,
        kind: address.kind().to_owned(),
        address: seal(platform, user_id, id, address.as_str()).await?,
        verified_at: verified.then_some(now),
        created_at: now,
    };
    let index = address.index(platform).await?;
    contacts::insert(on, &row, user_id, &index).await.map_err(|error| refused(&error))
}

/// 409 where somebody else has proved this address: told only to whoever has proved it, too.
pub(crate) fn refused(error: &DbError) -> Problem {
    if error.violates(contacts::ADDRESS_TAKEN) {
        Problem::new(StatusCode::CONFLICT, "address_taken", "Another account has this address")
            .detail("Remove it there first, or recover that account.")
    } else {
        error.clone().into()
    }
}

/// The user's addresses, opened.
pub(crate) async fn open_all(app: &App, on: &impl Statements, user_id: Uuid) -> Result<Vec<Contact>, Problem> {
    let platform = &app.platform;
    let mut opened = Vec::new();
    for row in contacts::list(on, user_id).await? {
        let address = open(platform, user_id, row.id, &row.kind, &row.address).await?;
        opened.push(Contact { row, address });
    }
    Ok(opened)
}

/// Opens the address of the row `id`.
pub(crate) async fn open(
    platform: &Platform,
    user_id: Uuid,
    id: Uuid,
    kind: &str,
    sealed: &[u8],
) -> Result<Address, Problem> {
    let text = platform.vault.open_any(&platform.db, user_id, &field(&id.to_string()), sealed).await?;
    let text = std::str::from_utf8(&text).map_err(|_| Problem::internal("an address is not text"))?;
    Address::parse(kind, text).map_err(|_| Problem::internal("an address does not parse"))
}

/// Tells a user's proved email addresses; with `phones` the numbers, too. What can't be sent keeps nothing from
/// happening: the log says so.
pub(crate) async fn tell(app: &App, user_id: Uuid, template: &Template, phones: bool) {
    let on = app.platform.db.unaudited(user_id);
    let contacts = match open_all(app, &on, user_id).await {
        Ok(contacts) => contacts,
        Err(problem) => return problem.log(),
    };
    for contact in contacts {
        let wanted = phones || matches!(contact.address, Address::Email(_));
        if contact.row.verified_at.is_some()
            && wanted
            && let Err(problem) =
                app.delivery.send(&app.platform, user_id, contact.address.message(template.clone())).await
        {
            tracing::warn!(code = problem.summary().0, "a notice was not sent");
        }
    }
}

/// Tells a user of a change of what protects the account.
pub(crate) async fn notice(app: &App, user_id: Uuid, change: SecurityChange) {
    tell(app, user_id, &Template::Notice { change, at: app.platform.now() }, false).await;
}

/// Tells every proved address on file.
pub(crate) async fn tell_all(app: &App, user_id: Uuid, change: SecurityChange) {
    tell(app, user_id, &Template::Notice { change, at: app.platform.now() }, true).await;
}

fn field(row: &str) -> Field<'_> {
    Field { table: "user_contacts", column: "address", row }
}
