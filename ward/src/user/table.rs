//! Users as a table.

use std::fmt::Write;

use auth::admin::ManagedUser;

/// Columns in step, the names of people last: letters of some scripts take more than one place.
pub(super) fn of(users: &[ManagedUser]) -> String {
    let header = ["id", "role", "status", "username"].map(str::to_owned);
    let rows = users
        .iter()
        .map(|user| [user.id.to_string(), user.role.name().to_owned(), user.status.to_owned(), user.username.clone()]);
    let rows: Vec<_> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let [id, role, status, username] = [width(0), width(1), width(2), width(3)];
    let names = std::iter::once("display name").chain(users.iter().map(|user| user.display_name.as_str()));
    let mut text = String::new();
    for (row, name) in rows.iter().zip(names) {
        let _infallible =
            writeln!(text, "{:id$}  {:role$}  {:status$}  {:username$}  {name}", row[0], row[1], row[2], row[3]);
    }
    text
}
