//! The blind index of this function's tables, to be made anew.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::Platform;
use shared::http::Problem;
use shared::vault::BlindIndex;
use shared::vault::reindex::{IndexStatements, Indexed, IndexedRow};

use crate::domain::{chats, sealing};
use crate::store::chats::PATIENTS;

/// All of them.
pub fn indexes() -> Vec<Box<dyn Indexed>> {
    vec![Box::new(Patients)]
}

struct Patients;

impl Indexed for Patients {
    fn statements(&self) -> IndexStatements {
        PATIENTS
    }

    fn index<'a>(&'a self, platform: &'a Platform, row: &'a IndexedRow) -> BoxFuture<'a, Result<BlindIndex, Problem>> {
        async {
            let patient_id = sealing::open_patient_id(platform, row.owner, row.id, &row.sealed).await?;
            chats::index(platform, row.owner, &patient_id).await
        }
        .boxed()
    }
}
