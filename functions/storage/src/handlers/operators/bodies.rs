//! What is asked and answered about operators.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::domain::operators::Operator;
use crate::model::{ContactDraft, DirectoryStatus, ServiceDraft, Sort};
use crate::store::operator_lists::Listed;

/// Which operators.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorsQuery {
    /// How many at most: 1 to 50, 20 where it is not said.
    pub(super) limit: Option<i32>,
    /// `next_cursor` of the page before, in the same order.
    pub(super) cursor: Option<String>,
    /// The order; `name` where it is not said.
    #[param(inline)]
    pub(super) sort: Option<Sort>,
    /// Only operators of this status.
    #[param(inline)]
    pub(super) status: Option<DirectoryStatus>,
    /// Only operators with a service of this name, whole, in any case and with or without accents.
    pub(super) service: Option<String>,
    /// Words of which each stands in the name or in a service, in any case and with or without accents. Contacts are not
    /// looked through: write nothing here that names a person.
    pub(super) q: Option<String>,
}

/// A page of operators.
#[derive(Serialize, ToSchema)]
pub(crate) struct OperatorsBody {
    pub(super) operators: Vec<OperatorSummary>,
    /// Where the next page begins; nothing on the last one.
    pub(super) next_cursor: Option<String>,
}

/// An operator in a list: without its contacts.
#[derive(Serialize, ToSchema)]
pub(crate) struct OperatorSummary {
    id: Uuid,
    external_id: Option<String>,
    name: String,
    #[schema(value_type = DirectoryStatus)]
    status: String,
    services: Vec<ServiceSummary>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A service in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceSummary {
    name: String,
    #[schema(value_type = DirectoryStatus)]
    status: String,
}

impl From<Listed> for OperatorSummary {
    fn from(listed: Listed) -> Self {
        let services = listed.services.into_iter().map(|(name, status)| ServiceSummary { name, status });
        Self {
            id: listed.id,
            external_id: listed.external_id,
            name: listed.name,
            status: listed.status,
            services: services.collect(),
            created_at: listed.created_at,
            updated_at: listed.updated_at,
        }
    }
}

/// An operator with everything that belongs to it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OperatorBody {
    id: Uuid,
    external_id: Option<String>,
    name: String,
    description: Option<String>,
    website: Option<String>,
    status: DirectoryStatus,
    contacts: Vec<ContactView>,
    services: Vec<ServiceView>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A contact.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactView {
    name: String,
    role: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

/// A service.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceView {
    name: String,
    description: Option<String>,
    status: DirectoryStatus,
}

impl From<Operator> for OperatorBody {
    fn from(Operator { id, draft, created_at, updated_at, .. }: Operator) -> Self {
        let contact = |ContactDraft { name, role, email, phone }| ContactView { name, role, email, phone };
        let service = |ServiceDraft { name, description, status }| ServiceView { name, description, status };
        Self {
            id,
            external_id: draft.external_id,
            name: draft.name,
            description: draft.description,
            website: draft.website,
            status: draft.status,
            contacts: draft.contacts.into_iter().map(contact).collect(),
            services: draft.services.into_iter().map(service).collect(),
            created_at,
            updated_at,
        }
    }
}

/// Whose contact is looked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactSearch {
    /// The whole address, in any case.
    pub(super) email: String,
}

/// A merge patch (RFC 7396) of an operator: what is named changes, `null` removes a member, and a list takes the place of
/// the one there is.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is merged before it is read")]
pub(crate) struct OperatorPatch {
    name: Option<String>,
    external_id: Option<String>,
    description: Option<String>,
    website: Option<String>,
    status: Option<DirectoryStatus>,
    contacts: Option<Vec<ContactDraft>>,
    services: Option<Vec<ServiceDraft>>,
}
