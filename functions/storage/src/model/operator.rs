//! An operator as it is written: an organisation, its contacts and its services.

use serde::{Deserialize, Serialize};
use shared::http::Problem;
use utoipa::ToSchema;

use super::text::{Email, invalid, line, paragraph, search_key};

const MOST_CONTACTS: usize = 50;
const MOST_SERVICES: usize = 100;
/// Bytes of a name's key: an index takes no more than 2,700, and one sign can stand for many letters.
pub(super) const LONGEST_KEY: usize = 1_000;

/// Whether an operator, or one of its services, is there to be turned to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DirectoryStatus {
    #[default]
    Active,
    Pending,
    Inactive,
}

impl DirectoryStatus {
    /// Its name as the database holds it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Inactive => "inactive",
        }
    }

    /// The status of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Active, Self::Pending, Self::Inactive].into_iter().find(|status| status.name() == name)
    }
}

/// An operator to write, with everything that belongs to it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorDraft {
    /// 1 to 200 characters. No two operators have names that differ in case, accents or spaces only.
    pub(crate) name: String,
    /// What another system calls it, up to 100 characters; no other operator has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<String>,
    /// Up to 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// `https://` or `http://`, up to 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) website: Option<String>,
    #[serde(default)]
    #[schema(default = "active")]
    pub(crate) status: DirectoryStatus,
    /// Up to 50, in their order.
    #[serde(default)]
    pub(crate) contacts: Vec<ContactDraft>,
    /// Up to 100, in their order.
    #[serde(default)]
    pub(crate) services: Vec<ServiceDraft>,
}

/// Somebody to turn to. Stored sealed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactDraft {
    /// 1 to 200 characters.
    pub(crate) name: String,
    /// Up to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    /// The contact is found by it, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    /// Digits, spaces and `+ - ( ) . / x`, up to 40.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
}

/// What an operator offers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceDraft {
    /// 1 to 200 characters.
    pub(crate) name: String,
    /// Up to 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default)]
    #[schema(default = "active")]
    pub(crate) status: DirectoryStatus,
}

impl OperatorDraft {
    /// Looks at every member; gives it with the spaces around each taken off.
    ///
    /// # Errors
    /// 400 `invalid_operator` or `invalid_email`: says which member, never what stood there.
    pub(crate) fn checked(self) -> Result<Self, Problem> {
        if self.contacts.len() > MOST_CONTACTS {
            return Err(invalid(format!("contacts: at most {MOST_CONTACTS}.")));
        }
        if self.services.len() > MOST_SERVICES {
            return Err(invalid(format!("services: at most {MOST_SERVICES}.")));
        }
        let key = search_key(&self.name);
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(invalid("name: letters or digits, and no long row of signs that stand for many.".into()));
        }
        Ok(Self {
            name: line("name", &self.name, 200)?,
            external_id: self.external_id.map(|text| line("external_id", &text, 100)).transpose()?,
            description: self.description.map(|text| paragraph("description", &text, 4_000)).transpose()?,
            website: self.website.as_deref().map(website).transpose()?,
            status: self.status,
            contacts: self.contacts.into_iter().map(ContactDraft::checked).collect::<Result<_, _>>()?,
            services: self.services.into_iter().map(ServiceDraft::checked).collect::<Result<_, _>>()?,
        })
    }
}

impl ContactDraft {
    fn checked(self) -> Result<Self, Problem> {
        Ok(Self {
            name: line("contacts.name", &self.name, 200)?,
            role: self.role.map(|text| line("contacts.role", &text, 100)).transpose()?,
            email: self.email.map(|text| Email::parse(&text)).transpose()?.map(|email| email.as_str().to_owned()),
            phone: self.phone.as_deref().map(phone).transpose()?,
        })
    }
}

impl ServiceDraft {
    fn checked(self) -> Result<Self, Problem> {
        Ok(Self {
            name: line("services.name", &self.name, 200)?,
            description: self.description.map(|text| paragraph("services.description", &text, 2_000)).transpose()?,
            status: self.status,
        })
    }
}

/// Pages make links of it: nothing but the web's own schemes may stand there.
fn website(text: &str) -> Result<String, Problem> {
    let text = line("website", text, 500)?;
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        text.get(..scheme.len()).filter(|given| given.eq_ignore_ascii_case(scheme)).map(|_| &text[scheme.len()..])
    });
    let is_one = rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '['));
    if is_one && !text.contains(char::is_whitespace) {
        Ok(text)
    } else {
        Err(invalid("website: an address that begins with https:// or http://.".into()))
    }
}

fn phone(text: &str) -> Result<String, Problem> {
    let text = line("contacts.phone", text, 40)?;
    let fits = text.chars().all(|c| c.is_ascii_digit() || " +-().x/".contains(c));
    if fits && text.contains(|c: char| c.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(invalid("contacts.phone: digits, spaces and + - ( ) . / x.".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(json: &str) -> Result<OperatorDraft, Problem> {
        serde_json::from_str::<OperatorDraft>(json).unwrap().checked()
    }

    #[test]
    fn a_name_is_enough_and_an_operator_is_active() {
        let draft = draft(r#"{"name": " Clinic "}"#).unwrap();
        assert_eq!((draft.name.as_str(), draft.status), ("Clinic", DirectoryStatus::Active));
        assert!(draft.contacts.is_empty() && draft.services.is_empty());
    }

    #[test]
    fn each_member_has_its_form() {
        for wrong in [
            r#"{"name": ""}"#,
            r#"{"name": "\u0301"}"#,
            &format!(r#"{{"name": "{}"}}"#, "\u{fdfa}".repeat(200)),
            r#"{"name": "a", "website": "javascript:alert(1)"}"#,
            r#"{"name": "a", "website": "https://"}"#,
            r#"{"name": "a", "website": "https://a b"}"#,
            r#"{"name": "a", "external_id": "\u0000"}"#,
            r#"{"name": "a", "contacts": [{"name": "b", "email": "b"}]}"#,
            r#"{"name": "a", "contacts": [{"name": "b", "phone": "call me"}]}"#,
            r#"{"name": "a", "services": [{"name": ""}]}"#,
        ] {
            assert!(draft(wrong).is_err(), "{wrong}");
        }
        let many = |member: &str, count: usize| {
            let items = vec![r#"{"name": "b"}"#; count].join(",");
            draft(&format!(r#"{{"name": "a", "{member}": [{items}]}}"#))
        };
        assert!(many("contacts", MOST_CONTACTS).is_ok() && many("contacts", MOST_CONTACTS + 1).is_err());
        assert!(many("services", MOST_SERVICES).is_ok() && many("services", MOST_SERVICES + 1).is_err());
        assert!(draft(r#"{"name": "a", "website": "HTTPS://clinic.example/ä?b#c"}"#).is_ok());
    }
}
