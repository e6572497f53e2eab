//! The blind indexes of this function's tables, to be made anew.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::Platform;
use shared::data::Db;
use shared::http::Problem;
use shared::vault::BlindIndex;
use shared::vault::reindex::{IndexStatements, Indexed, IndexedRow};

use crate::domain::{operators, place, places};
use crate::store::operators::EMAILS;
use crate::store::places::{FORMER, KEYS};

/// All of them.
pub fn indexes() -> Vec<Box<dyn Indexed>> {
    vec![Box::new(Keys(KEYS)), Box::new(Keys(FORMER)), Box::new(ContactEmails)]
}

type Made<'a> = BoxFuture<'a, Result<BlindIndex, Problem>>;

/// Keys of the key-value store: their rows are sealed for the index.
struct Keys(IndexStatements);

impl Indexed for Keys {
    fn statements(&self) -> IndexStatements {
        self.0
    }

    fn index<'a>(&'a self, platform: &'a Platform, row: &'a IndexedRow) -> Made<'a> {
        async {
            let name = place::open_name(platform, row.owner, &row.index, &row.sealed).await?;
            place::index_of(platform, row.owner, &name).await
        }
        .boxed()
    }

    fn renew<'a>(
        &'a self,
        platform: &'a Platform,
        db: &'a Db,
        row: &'a IndexedRow,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        async {
            let name = place::open_name(platform, row.owner, &row.index, &row.sealed).await?;
            let index = place::index_of(platform, row.owner, &name).await?;
            places::renew(platform, &db.unscoped(), row.owner, &row.index, index.as_bytes(), &name).await
        }
        .boxed()
    }
}

/// Email addresses of the operators' contacts.
struct ContactEmails;

impl Indexed for ContactEmails {
    fn statements(&self) -> IndexStatements {
        EMAILS
    }

    fn index<'a>(&'a self, platform: &'a Platform, row: &'a IndexedRow) -> Made<'a> {
        operators::index_of_contact(platform, row.id, &row.sealed).boxed()
    }
}
