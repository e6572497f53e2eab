//! A row as a line of JSON, opened.

use serde_json::value::RawValue;
use shared::http::Problem;
use shared::identity::Caller;
use shared::vault::{Field, VaultError};
use zeroize::Zeroizing;

use crate::App;
use crate::domain::hexadecimal;
use crate::store::export::{Form, Kind, Row, Sealed};

/// A row's line.
pub(super) struct Line {
    pub(super) text: Zeroizing<Vec<u8>>,
    /// Whether each sealed column could be opened.
    pub(super) is_whole: bool,
}

/// The row's members and, behind them, its sealed columns opened. What will never open is null, and named in the member
/// `unreadable`: one damaged value keeps nobody from all others.
pub(super) async fn open(app: &App, caller: &Caller, kind: &Kind, row: &Row) -> Result<Line, Problem> {
    // PostgreSQL writes an object that ends in a brace; what was sealed goes before it.
    let plain = row.plain.strip_suffix('}').ok_or_else(|| Problem::internal("a row is no JSON object"))?;
    let sealed_bytes: usize = row.sealed.iter().flatten().map(Vec::len).sum();
    // One allocation of the right size, as far as it can be known: what grows leaves copies behind.
    let mut line = Zeroizing::new(Vec::with_capacity(plain.len() + sealed_bytes + 256));
    // Whitespace between members may hold line feeds, a line of NDJSON none.
    line.extend(plain.bytes().map(|byte| if byte == b'\n' { b' ' } else { byte }));
    let mut unreadable = Vec::new();
    for (column, sealed) in kind.sealed.iter().zip(&row.sealed) {
        line.extend_from_slice(format!(", \"{}\" : ", column.member).as_bytes());
        let Some(sealed) = sealed else {
            line.extend_from_slice(b"null");
            continue;
        };
        let before = line.len();
        if !value(app, caller, column, &row.name, sealed, &mut line).await? {
            line.truncate(before);
            line.extend_from_slice(b"null");
            unreadable.push(column.member);
        }
    }
    if !unreadable.is_empty() {
        line.extend_from_slice(b", \"unreadable\" : ");
        serde_json::to_writer(&mut *line, &unreadable).map_err(|_| Problem::internal("a text has no JSON form"))?;
    }
    line.extend_from_slice(b"}\n");
    Ok(Line { text: line, is_whole: unreadable.is_empty() })
}

/// Writes the column's value; `false` where it does not open, or is not what it should be.
async fn value(
    app: &App,
    caller: &Caller,
    column: &Sealed,
    row: &str,
    sealed: &[u8],
    line: &mut Vec<u8>,
) -> Result<bool, Problem> {
    let (platform, field) = (&app.platform, Field { table: column.table, column: column.column, row });
    let opened = match platform.vault.open_any(&platform.db, caller.user_id(), &field, sealed).await {
        Ok(opened) => opened,
        Err(VaultError::Rejected | VaultError::Revoked | VaultError::Malformed(_)) => return Ok(false),
        // Another time it may open: such an export is no whole one.
        Err(error) => return Err(error.into()),
    };
    Ok(match column.form {
        // Checked, since one that is none would make the whole line unreadable.
        Form::Json => serde_json::from_slice::<&RawValue>(&opened).is_ok_and(|json| {
            line.extend(json.get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
            true
        }),
        Form::Text => std::str::from_utf8(&opened).is_ok_and(|text| serde_json::to_writer(line, text).is_ok()),
        Form::Bytes => serde_json::to_writer(line, &hexadecimal(&opened)).is_ok(),
    })
}
