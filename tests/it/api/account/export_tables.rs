//! No table and no column of a user's is forgotten in an export.

use std::collections::BTreeSet;

use storage::export::{LEFT_OUT, kinds};
use tests::TestApp;

/// Columns whose values prove who somebody is or only find rows; no export holds them. Two hashes are of what the user
/// has anyway: a text that was shown, and a file.
fn is_secret(column: &str) -> bool {
    if ["text_hash", "content_hash"].contains(&column) {
        return false;
    }
    let secrets = [
        "hash",
        "secret",
        "filename",
        "access_token",
        "refresh_token",
        "public_key",
        "credential_id",
        "counter",
        "last_step",
    ];
    secrets.contains(&column) || ["_hash", "_mac", "_index"].iter().any(|end| column.ends_with(end))
}

#[tokio::test]
async fn every_table_with_a_users_rows_is_exported_or_left_out_by_name() {
    let app = TestApp::new().await;
    let database = app.superuser().await;
    let columns = database
        .query(
            "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'",
            &[],
        )
        .await
        .unwrap();
    let columns: Vec<(String, String)> = columns.iter().map(|row| (row.get(0), row.get(1))).collect();
    let owned = columns.iter().filter(|(_, column)| column == "user_id").map(|(table, _)| table.as_str());
    let owned: BTreeSet<&str> = owned.chain(["users"]).collect();
    let named: BTreeSet<&str> =
        kinds().map(|kind| kind.table).chain(LEFT_OUT.iter().map(|(table, _)| *table)).collect();
    assert_eq!(owned, named);

    for kind in kinds() {
        let words: BTreeSet<&str> = kind.sql.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
        for (_, column) in columns.iter().filter(|(table, _)| table == kind.table) {
            // What the row is found by is allowed as a cursor, never as a member.
            let told =
                if column == "key_index" { kind.sql.contains("'key_index'") } else { words.contains(column.as_str()) };
            let internal = [
                "user_id",
                "security_version",
                "lease_expires_at",
                "refreshing_until",
                "content_head",
                "claimed_until",
            ];
            let wanted = !is_secret(column) && !internal.contains(&column.as_str());
            let stays = kind.table == "encrypted_storage" && column == "id";
            assert!(told == wanted || internal.contains(&column.as_str()) || stays, "{}.{column}", kind.table);
        }
    }
}
