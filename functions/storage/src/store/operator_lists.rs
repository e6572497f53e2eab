//! Lists of operators, over the same tables: without the contacts.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::vault::BlindIndex;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::model::{DirectoryStatus, OperatorQuery};

/// Operators one address is found with, at most.
const MOST_FOUND: i64 = 50;

/// An operator in a list.
pub(crate) struct Listed {
    pub(crate) id: Uuid,
    pub(crate) external_id: Option<String>,
    pub(crate) name: String,
    pub(crate) status: String,
    /// Names and status, in their order.
    pub(crate) services: Vec<(String, String)>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// What it is sorted by.
    pub(crate) sort_key: String,
}

/// A page, and the generation it was read of.
pub(crate) struct Page {
    pub(crate) generation: i64,
    pub(crate) operators: Vec<Listed>,
    /// Whether there are more behind it.
    pub(crate) more: bool,
}

/// A page of the list, with the generation of the same moment. Each direction is a statement of its own.
pub(crate) async fn page(on: &impl Statements, query: &OperatorQuery) -> Result<Page, DbError> {
    let (key, id) = query.after.as_ref().map(|start| (start.key.as_str(), start.id)).unzip();
    let status = query.status.map(DirectoryStatus::name);
    let limit = i64::from(query.limit);
    let (column, patterns) = (query.sort.column(), query.search.patterns());
    let sql = if query.sort.is_descending() { DESCENDING } else { ASCENDING };
    let rows = on.query(sql, &[&column, &patterns, &status, &query.service, &key, &id, &(limit + 1)]).await?;
    // There is a row even where the page is empty: the generation's.
    let generation = rows.first().map(|row| row.get(0)).ok_or(DbError::Column("operators_generation"))?;
    let mut operators: Vec<Listed> = rows.iter().filter_map(listed).collect();
    let wanted = usize::try_from(query.limit).unwrap_or_default();
    let more = operators.len() > wanted;
    operators.truncate(wanted);
    Ok(Page { generation, operators, more })
}

const ASCENDING: &str = "
    SELECT value, page.* FROM operators_generation LEFT JOIN LATERAL (
        SELECT * FROM (
            SELECT id, external_id, name, status, created_at, updated_at,
                (CASE $1::text WHEN 'name' THEN name_key
                    WHEN 'created_at' THEN to_char(created_at, 'YYYYMMDDHH24MISSUS')
                    ELSE to_char(updated_at, 'YYYYMMDDHH24MISSUS') END) COLLATE \"C\" AS sort_key,
                ARRAY(SELECT s.name FROM operator_services s WHERE s.operator_id = operators.id ORDER BY position),
                ARRAY(SELECT s.status FROM operator_services s WHERE s.operator_id = operators.id ORDER BY position)
            FROM operators
            WHERE search_text LIKE ALL ($2::text[]) AND ($3::text IS NULL OR status = $3)
                AND ($4::text IS NULL OR EXISTS (
                    SELECT FROM operator_services s WHERE s.operator_id = operators.id AND s.name_key = $4))
        ) found
        WHERE $5::text IS NULL OR (sort_key, id) > ($5 COLLATE \"C\", $6::uuid)
        ORDER BY sort_key, id LIMIT $7::bigint
    ) page ON true ORDER BY page.sort_key, page.id";

const DESCENDING: &str = "
    SELECT value, page.* FROM operators_generation LEFT JOIN LATERAL (
        SELECT * FROM (
            SELECT id, external_id, name, status, created_at, updated_at,
                (CASE $1::text WHEN 'name' THEN name_key
                    WHEN 'created_at' THEN to_char(created_at, 'YYYYMMDDHH24MISSUS')
                    ELSE to_char(updated_at, 'YYYYMMDDHH24MISSUS') END) COLLATE \"C\" AS sort_key,
                ARRAY(SELECT s.name FROM operator_services s WHERE s.operator_id = operators.id ORDER BY position),
                ARRAY(SELECT s.status FROM operator_services s WHERE s.operator_id = operators.id ORDER BY position)
            FROM operators
            WHERE search_text LIKE ALL ($2::text[]) AND ($3::text IS NULL OR status = $3)
                AND ($4::text IS NULL OR EXISTS (
                    SELECT FROM operator_services s WHERE s.operator_id = operators.id AND s.name_key = $4))
        ) found
        WHERE $5::text IS NULL OR (sort_key, id) < ($5 COLLATE \"C\", $6::uuid)
        ORDER BY sort_key DESC, id DESC LIMIT $7::bigint
    ) page ON true ORDER BY page.sort_key DESC, page.id DESC";

/// The operators with a contact of that address, by name.
pub(crate) async fn with_contact(on: &impl Statements, email: &BlindIndex) -> Result<Vec<Listed>, DbError> {
    let rows = on
        .query(
            "SELECT 0::bigint, id, external_id, name, status, created_at, updated_at, name_key,
                 ARRAY(SELECT s.name FROM operator_services s WHERE s.operator_id = operators.id ORDER BY position),
                 ARRAY(SELECT s.status FROM operator_services s WHERE s.operator_id = operators.id ORDER BY position)
             FROM operators
             WHERE id IN (SELECT operator_id FROM operator_contacts WHERE email_index = ANY ($1))
             ORDER BY name_key LIMIT $2",
            &[&email.candidates(), &MOST_FOUND],
        )
        .await?;
    Ok(rows.iter().filter_map(listed).collect())
}

/// The operator in a row behind the generation; none in the row of an empty page.
fn listed(row: &Row) -> Option<Listed> {
    let id = row.get::<_, Option<Uuid>>(1)?;
    let (names, status): (Vec<String>, Vec<String>) = (row.get(8), row.get(9));
    Some(Listed {
        id,
        external_id: row.get(2),
        name: row.get(3),
        status: row.get(4),
        created_at: row.get(5),
        updated_at: row.get(6),
        sort_key: row.get(7),
        services: names.into_iter().zip(status).collect(),
    })
}
