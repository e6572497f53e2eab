//! The tables `operators`, `operator_contacts`, `operator_services` and `operators_generation`: one operator whole, and
//! every change. A change takes the generation first, so that changes come one after the other and none waits for one
//! that waits for it.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::vault::reindex::IndexStatements;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// The blind indexes of contacts' email addresses, for when they are made anew.
pub(crate) const EMAILS: IndexStatements = IndexStatements {
    table: "operator_contacts",
    count: "SELECT count(*) FROM operator_contacts WHERE get_byte(email_index, 0) <> $1",
    page:
        "SELECT id, '00000000-0000-0000-0000-000000000000'::uuid, 'email', email_index, details FROM operator_contacts
        WHERE get_byte(email_index, 0) <> $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
    replace: "UPDATE operator_contacts SET email_index = $3 WHERE id = $1 AND email_index = $2",
};

/// The constraint that keeps names apart.
pub(crate) const NAME_TAKEN: &str = "operators_name_key_key";
/// The constraint that keeps the ids of other systems apart.
pub(crate) const EXTERNAL_ID_TAKEN: &str = "operators_external_id_key";

/// An operator as it is stored.
pub(crate) struct Stored {
    pub(crate) id: Uuid,
    pub(crate) external_id: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) website: Option<String>,
    pub(crate) status: String,
    pub(crate) version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Ids and sealed details, in their order.
    pub(crate) contacts: Vec<(Uuid, Vec<u8>)>,
    /// Names, descriptions and status, in their order.
    pub(crate) services: Vec<(String, Option<String>, String)>,
}

/// An operator to store: a column each, the contacts and services as arrays.
pub(crate) struct Writing {
    pub(crate) id: Uuid,
    pub(crate) external_id: Option<String>,
    pub(crate) name: String,
    pub(crate) name_key: String,
    pub(crate) search_text: String,
    pub(crate) description: Option<String>,
    pub(crate) website: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) at: Timestamp,
    pub(crate) contact_ids: Vec<Uuid>,
    pub(crate) contact_details: Vec<Vec<u8>>,
    pub(crate) contact_emails: Vec<Option<Vec<u8>>>,
    pub(crate) service_ids: Vec<Uuid>,
    pub(crate) service_names: Vec<String>,
    pub(crate) service_keys: Vec<String>,
    pub(crate) service_descriptions: Vec<Option<String>>,
    pub(crate) service_status: Vec<&'static str>,
}

impl Writing {
    fn params(&self) -> [&(dyn ToSql + Sync); 17] {
        [
            &self.id,
            &self.external_id,
            &self.name,
            &self.name_key,
            &self.search_text,
            &self.description,
            &self.website,
            &self.status,
            &self.at,
            &self.contact_ids,
            &self.contact_details,
            &self.contact_emails,
            &self.service_ids,
            &self.service_names,
            &self.service_keys,
            &self.service_descriptions,
            &self.service_status,
        ]
    }
}

/// Stores a new operator with what belongs to it; gives the directory's generation from then on. `None` where the
/// transaction's user may not write.
pub(crate) async fn insert(on: &impl Statements, new: &Writing) -> Result<Option<i64>, DbError> {
    let rows = on
        .query(
            "WITH next AS (
                 UPDATE operators_generation SET value = value + 1 RETURNING value
             ), made AS (
                 INSERT INTO operators (id, external_id, name, name_key, search_text, description, website, status,
                     created_at, updated_at)
                 SELECT $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text,
                     $9::timestamptz, $9::timestamptz FROM next
                 RETURNING id
             ), contacts AS (
                 INSERT INTO operator_contacts (id, operator_id, position, details, email_index)
                 SELECT c.id, made.id, c.position, c.details, c.email_index FROM made,
                     unnest($10::uuid[], $11::bytea[], $12::bytea[])
                         WITH ORDINALITY AS c (id, details, email_index, position)
             ), services AS (
                 INSERT INTO operator_services (id, operator_id, position, name, name_key, description, status)
                 SELECT s.id, made.id, s.position, s.name, s.name_key, s.description, s.status FROM made,
                     unnest($13::uuid[], $14::text[], $15::text[], $16::text[], $17::text[])
                         WITH ORDINALITY AS s (id, name, name_key, description, status, position)
             )
             SELECT value FROM next",
            &new.params(),
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Stores all of an operator anew, as its next version, where it is still of version `before`. Gives the generation and
/// whether it was; `None` where the transaction's user may not write.
pub(crate) async fn replace(on: &impl Statements, new: &Writing, before: i64) -> Result<Option<(i64, bool)>, DbError> {
    let mut params = new.params().to_vec();
    params.push(&before);
    let rows = on
        .query(
            "WITH next AS (
                 UPDATE operators_generation SET value = value + 1 RETURNING value
             ), changed AS (
                 UPDATE operators SET external_id = $2::text, name = $3::text, name_key = $4::text,
                     search_text = $5::text, description = $6::text, website = $7::text, status = $8::text,
                     updated_at = $9::timestamptz, version = version + 1
                 FROM next WHERE id = $1::uuid AND version = $18::bigint RETURNING id
             ), no_contacts AS (
                 DELETE FROM operator_contacts USING changed WHERE operator_id = changed.id
             ), no_services AS (
                 DELETE FROM operator_services USING changed WHERE operator_id = changed.id
             ), contacts AS (
                 INSERT INTO operator_contacts (id, operator_id, position, details, email_index)
                 SELECT c.id, changed.id, c.position, c.details, c.email_index FROM changed,
                     unnest($10::uuid[], $11::bytea[], $12::bytea[])
                         WITH ORDINALITY AS c (id, details, email_index, position)
             ), services AS (
                 INSERT INTO operator_services (id, operator_id, position, name, name_key, description, status)
                 SELECT s.id, changed.id, s.position, s.name, s.name_key, s.description, s.status FROM changed,
                     unnest($13::uuid[], $14::text[], $15::text[], $16::text[], $17::text[])
                         WITH ORDINALITY AS s (id, name, name_key, description, status, position)
             )
             SELECT value, EXISTS (SELECT FROM changed) FROM next",
            &params,
        )
        .await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

/// Forgets an operator with what belongs to it, where it is still of version `before`; answers as [`replace`].
pub(crate) async fn delete(on: &impl Statements, id: Uuid, before: i64) -> Result<Option<(i64, bool)>, DbError> {
    let rows = on
        .query(
            "WITH next AS (
                 UPDATE operators_generation SET value = value + 1 RETURNING value
             ), gone AS (
                 DELETE FROM operators USING next WHERE id = $1 AND version = $2 RETURNING id
             )
             SELECT value, EXISTS (SELECT FROM gone) FROM next",
            &[&id, &before],
        )
        .await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

/// One operator.
pub(crate) async fn find(on: &impl Statements, id: Uuid) -> Result<Option<Stored>, DbError> {
    let rows = on
        .query(
            "SELECT id, external_id, name, description, website, status, version, created_at, updated_at,
                 ARRAY(SELECT c.id FROM operator_contacts c WHERE c.operator_id = operators.id ORDER BY position),
                 ARRAY(SELECT details FROM operator_contacts c WHERE c.operator_id = operators.id ORDER BY position),
                 ARRAY(SELECT s.name FROM operator_services s WHERE s.operator_id = operators.id ORDER BY position),
                 ARRAY(SELECT s.description FROM operator_services s WHERE s.operator_id = operators.id ORDER BY position),
                 ARRAY(SELECT s.status FROM operator_services s WHERE s.operator_id = operators.id ORDER BY position)
             FROM operators WHERE id = $1",
            &[&id],
        )
        .await?;
    Ok(rows.first().map(stored))
}

fn stored(row: &Row) -> Stored {
    let (ids, details): (Vec<Uuid>, Vec<Vec<u8>>) = (row.get(9), row.get(10));
    let (names, descriptions, status): (Vec<String>, Vec<Option<String>>, Vec<String>) =
        (row.get(11), row.get(12), row.get(13));
    Stored {
        id: row.get(0),
        external_id: row.get(1),
        name: row.get(2),
        description: row.get(3),
        website: row.get(4),
        status: row.get(5),
        version: row.get(6),
        created_at: row.get(7),
        updated_at: row.get(8),
        contacts: ids.into_iter().zip(details).collect(),
        services: names.into_iter().zip(descriptions).zip(status).map(|((n, d), s)| (n, d, s)).collect(),
    }
}
