//! Everything held on a user, table by table, in pages: what an export reads. A table with a user's rows that is neither
//! here nor among [`LEFT_OUT`] fails a test.

mod account;
mod records;

use shared::data::{DbError, Statements};

/// What an export leaves out, and why.
pub const LEFT_OUT: [(&str, &str); 2] = [
    ("storage_counters", "sums of what the export holds itself"),
    ("file_usage", "sums of what the export holds itself"),
];

/// What becomes a file of the export.
pub struct Kind {
    /// The file's name, without its ending.
    pub file: &'static str,
    /// The table it is read from.
    pub table: &'static str,
    /// One page behind `$1`, the cursor of the row before, empty for the first: each row's own cursor, its columns that
    /// are not sealed as a JSON object, the row's name in the contexts of its sealed columns, and those.
    pub sql: &'static str,
    /// Rows of a full page; `None` where a page ends after so many bytes, and only an empty one is the last.
    pub(crate) full_page: Option<usize>,
    /// The sealed columns, in their order.
    pub(crate) sealed: &'static [Sealed],
}

/// A sealed column.
pub(crate) struct Sealed {
    /// The table it was sealed for.
    pub(crate) table: &'static str,
    /// The column it was sealed for.
    pub(crate) column: &'static str,
    /// What the export calls it.
    pub(crate) member: &'static str,
    /// What it holds.
    pub(crate) form: Form,
}

/// What a sealed column holds.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Text,
    Json,
    /// Bytes, told in hexadecimal.
    Bytes,
}

impl Sealed {
    /// The same under another name in the export.
    const fn told(self, member: &'static str) -> Self {
        Self { member, ..self }
    }
}

const fn text(table: &'static str, column: &'static str) -> Sealed {
    Sealed { table, column, member: column, form: Form::Text }
}

const fn json(table: &'static str, column: &'static str) -> Sealed {
    Sealed { table, column, member: column, form: Form::Json }
}

const fn bytes(table: &'static str, column: &'static str) -> Sealed {
    Sealed { table, column, member: column, form: Form::Bytes }
}

/// Rows of a page of small rows; the SQL says the same.
const PAGE: Option<usize> = Some(500);

/// A table whose rows are small.
const fn small(file: &'static str, table: &'static str, sql: &'static str, sealed: &'static [Sealed]) -> Kind {
    Kind { file, table, sql, full_page: PAGE, sealed }
}

/// A table whose rows may be 4 MB each: a page ends with the row that reaches 2 MB.
const fn large(file: &'static str, table: &'static str, sql: &'static str, sealed: &'static [Sealed]) -> Kind {
    Kind { file, table, sql, full_page: None, sealed }
}

/// All kinds, in the order of their files.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    account::KINDS.iter().chain(&records::KINDS)
}

/// A row as it is stored.
pub(crate) struct Row {
    pub(crate) cursor: String,
    /// What is not sealed, a JSON object.
    pub(crate) plain: String,
    /// The row's name in the contexts of its sealed columns.
    pub(crate) name: String,
    pub(crate) sealed: Vec<Option<Vec<u8>>>,
}

/// The page of a kind behind a cursor.
pub(crate) async fn page(on: &impl Statements, kind: &Kind, cursor: &str) -> Result<Vec<Row>, DbError> {
    let rows = on.query(kind.sql, &[&cursor]).await?;
    let row =
        |row: &tokio_postgres::Row| Row { cursor: row.get(0), plain: row.get(1), name: row.get(2), sealed: row.get(3) };
    Ok(rows.iter().map(row).collect())
}

/// How many exports a user began since then. The user's row stays locked until the transaction ends, so that of many at
/// once each counts the others.
pub(crate) async fn begun_since(
    on: &impl Statements,
    user_id: uuid::Uuid,
    since: jiff::Timestamp,
) -> Result<i64, DbError> {
    on.query("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", &[&user_id]).await?;
    let sql = "SELECT count(*) FROM audit_log WHERE user_id = $1 AND action = 'account.export' AND created_at > $2";
    let rows = on.query(sql, &[&user_id, &since]).await?;
    Ok(rows.first().ok_or(DbError::Column("count"))?.get(0))
}

/// Whether the user has a factor that reaches assurance level 2.
pub(crate) async fn reaches_aal2(on: &impl Statements, user_id: uuid::Uuid) -> Result<bool, DbError> {
    let rows = on
        .query(
            "SELECT EXISTS (SELECT FROM passkey_credentials WHERE user_id = $1)
                 OR EXISTS (SELECT FROM two_factor_auth
                     WHERE user_id = $1 AND confirmed_at IS NOT NULL AND method <> 'email')",
            &[&user_id],
        )
        .await?;
    Ok(rows.first().ok_or(DbError::Column("exists"))?.get(0))
}
