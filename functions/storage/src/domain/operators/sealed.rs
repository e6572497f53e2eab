//! Operators between the tables and the API: contacts are sealed, and everything is brought into the form it is found in.

use serde::{Deserialize, Serialize};
use shared::Platform;
use shared::http::Problem;
use shared::vault::{BlindIndex, Field, OwnerKey};
use uuid::Uuid;

use super::Operator;
use crate::model::{ContactDraft, DirectoryStatus, Email, OperatorDraft, ServiceDraft, search_key};
use crate::store::operators::{Stored, Writing};

/// Contacts belong to no user who has a key.
pub(super) const SYSTEM: Uuid = Uuid::nil();

/// What is sealed of a contact.
#[derive(Serialize, Deserialize)]
struct Details {
    name: String,
    role: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

/// Opens what is stored.
pub(super) async fn open(platform: &Platform, stored: Stored) -> Result<Operator, Problem> {
    let mut contacts = Vec::with_capacity(stored.contacts.len());
    for (id, sealed) in &stored.contacts {
        let Details { name, role, email, phone } = details(platform, *id, sealed).await?;
        contacts.push(ContactDraft { name, role, email, phone });
    }
    let services = stored
        .services
        .into_iter()
        .map(|(name, description, state)| Ok(ServiceDraft { name, description, status: status(&state)? }));
    Ok(Operator {
        id: stored.id,
        version: stored.version,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        draft: OperatorDraft {
            name: stored.name,
            external_id: stored.external_id,
            description: stored.description,
            website: stored.website,
            status: status(&stored.status)?,
            contacts,
            services: services.collect::<Result<_, Problem>>()?,
        },
    })
}

async fn details(platform: &Platform, id: Uuid, sealed: &[u8]) -> Result<Details, Problem> {
    let json = platform.vault.open_any(&platform.db, SYSTEM, &contact_field(&id.to_string()), sealed).await?;
    serde_json::from_slice(&json).map_err(|_| Problem::internal("a contact does not parse"))
}

/// The index that a contact's email address has now.
pub(crate) async fn index_of_contact(platform: &Platform, id: Uuid, sealed: &[u8]) -> Result<BlindIndex, Problem> {
    let email = details(platform, id, sealed).await?.email;
    let email = email.ok_or_else(|| Problem::internal("a contact with an index has no address"))?;
    email_index(platform, &Email::parse(&email)?).await
}

fn status(name: &str) -> Result<DirectoryStatus, Problem> {
    DirectoryStatus::parse(name).ok_or_else(|| Problem::internal("a status there is none of"))
}

/// The columns of an operator, with its contacts sealed.
pub(super) async fn writing(platform: &Platform, id: Uuid, draft: &OperatorDraft) -> Result<Writing, Problem> {
    let key = platform.vault.owner_key(&platform.db, SYSTEM).await?;
    let mut new = Writing {
        id,
        external_id: draft.external_id.clone(),
        name: draft.name.clone(),
        name_key: search_key(&draft.name),
        search_text: search_text(draft),
        description: draft.description.clone(),
        website: draft.website.clone(),
        status: draft.status.name(),
        at: platform.now(),
        contact_ids: Vec::new(),
        contact_details: Vec::new(),
        contact_emails: Vec::new(),
        service_ids: Vec::new(),
        service_names: draft.services.iter().map(|service| service.name.clone()).collect(),
        service_keys: draft.services.iter().map(|service| search_key(&service.name)).collect(),
        service_descriptions: draft.services.iter().map(|service| service.description.clone()).collect(),
        service_status: draft.services.iter().map(|service| service.status.name()).collect(),
    };
    for contact in &draft.contacts {
        let id = platform.new_id()?;
        new.contact_ids.push(id);
        new.contact_details.push(sealed(&key, id, contact)?);
        let email = contact.email.as_deref().map(Email::parse).transpose()?;
        new.contact_emails.push(match email {
            Some(email) => Some(email_index(platform, &email).await?.as_bytes().to_vec()),
            None => None,
        });
    }
    for _ in &draft.services {
        new.service_ids.push(platform.new_id()?);
    }
    Ok(new)
}

fn sealed(key: &OwnerKey, id: Uuid, contact: &ContactDraft) -> Result<Vec<u8>, Problem> {
    let ContactDraft { name, role, email, phone } = contact.clone();
    let json = serde_json::to_vec(&Details { name, role, email, phone })
        .map_err(|_| Problem::internal("a contact has no JSON form"))?;
    Ok(key.seal(&contact_field(&id.to_string()), &json)?)
}

/// What words are looked for in; a line each, so that no word is found across two.
fn search_text(draft: &OperatorDraft) -> String {
    let names = std::iter::once(&draft.name).chain(draft.services.iter().map(|service| &service.name));
    names.map(|name| search_key(name)).collect::<Vec<_>>().join("\n")
}

/// What a contact is found by.
pub(super) async fn email_index(platform: &Platform, email: &Email) -> Result<BlindIndex, Problem> {
    let canonical = email.canonical();
    Ok(platform.vault.blind_index(&platform.db, "operator_contacts.email", None, &canonical).await?)
}

fn contact_field(row: &str) -> Field<'_> {
    Field { table: "operator_contacts", column: "details", row }
}
