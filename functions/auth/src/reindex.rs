//! The blind indexes of this function's tables, to be made anew.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::Platform;
use shared::http::Problem;
use shared::vault::reindex::{IndexStatements, Indexed, IndexedRow};
use shared::vault::{BlindIndex, Field};

use crate::domain::contacts::Address as Contact;
use crate::domain::{contacts, github, profile};
use crate::store::indexes;

/// All of them.
pub fn indexes() -> Vec<Box<dyn Indexed>> {
    vec![
        Box::new(Usernames),
        Box::new(Contacts),
        Box::new(GitHubAccounts),
        Box::new(Deliveries { statements: indexes::EMAILS, purpose: "email_delivery_log.to_address" }),
        Box::new(Deliveries { statements: indexes::SMS, purpose: "sms_delivery_log.to_address" }),
    ]
}

type Made<'a> = BoxFuture<'a, Result<BlindIndex, Problem>>;

struct Usernames;

impl Indexed for Usernames {
    fn statements(&self) -> IndexStatements {
        indexes::USERNAMES
    }

    fn index<'a>(&'a self, platform: &'a Platform, row: &'a IndexedRow) -> Made<'a> {
        async {
            let username = profile::open(platform, row.owner, &row.sealed).await?.username.canonical();
            Ok(platform.vault.blind_index(&platform.db, "users.username", None, &username).await?)
        }
        .boxed()
    }
}

struct Contacts;

impl Indexed for Contacts {
    fn statements(&self) -> IndexStatements {
        indexes::CONTACTS
    }

    fn index<'a>(&'a self, platform: &'a Platform, row: &'a IndexedRow) -> Made<'a> {
        async { contacts::open(platform, row.owner, row.id, &row.kind, &row.sealed).await?.index(platform).await }
            .boxed()
    }
}

struct GitHubAccounts;

impl Indexed for GitHubAccounts {
    fn statements(&self) -> IndexStatements {
        indexes::GITHUB_ACCOUNTS
    }

    fn index<'a>(&'a self, platform: &'a Platform, row: &'a IndexedRow) -> Made<'a> {
        github::subject_of(platform, row.owner, row.id, &row.sealed).boxed()
    }
}

/// A log of messages: under the key of whom they are for, or the system's where that is nobody.
struct Deliveries {
    statements: IndexStatements,
    purpose: &'static str,
}

impl Indexed for Deliveries {
    fn statements(&self) -> IndexStatements {
        self.statements
    }

    fn index<'a>(&'a self, platform: &'a Platform, row: &'a IndexedRow) -> Made<'a> {
        async {
            let (vault, id) = (&platform.vault, row.id.to_string());
            let field = Field { table: self.statements.table, column: "to_address", row: &id };
            let text = vault.open_any(&platform.db, row.owner, &field, &row.sealed).await?;
            let text = std::str::from_utf8(&text).map_err(|_| Problem::internal("a stored address is not UTF-8"))?;
            let canonical = match Contact::parse(&row.kind, text)? {
                Contact::Email(email) => email.canonical(),
                Contact::Phone(phone) => phone.as_str().to_owned(),
            };
            Ok(vault.blind_index(&platform.db, self.purpose, None, &canonical).await?)
        }
        .boxed()
    }
}
