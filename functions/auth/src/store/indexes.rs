//! The columns of blind indexes, for when they are made anew.

use shared::vault::reindex::IndexStatements;

pub(crate) const USERNAMES: IndexStatements = IndexStatements {
    table: "users",
    count: "SELECT count(*) FROM users WHERE get_byte(username_index, 0) <> $1",
    page: "SELECT id, id, 'username', username_index, profile FROM users
        WHERE get_byte(username_index, 0) <> $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
    replace: "UPDATE users SET username_index = $3 WHERE id = $1 AND username_index = $2",
};

pub(crate) const CONTACTS: IndexStatements = IndexStatements {
    table: "user_contacts",
    count: "SELECT count(*) FROM user_contacts WHERE get_byte(address_index, 0) <> $1",
    page: "SELECT id, user_id, kind, address_index, address FROM user_contacts
        WHERE get_byte(address_index, 0) <> $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
    replace: "UPDATE user_contacts SET address_index = $3 WHERE id = $1 AND address_index = $2",
};

pub(crate) const GITHUB_ACCOUNTS: IndexStatements = IndexStatements {
    table: "oauth_connections",
    count: "SELECT count(*) FROM oauth_connections WHERE get_byte(subject_index, 0) <> $1",
    page: "SELECT id, user_id, provider, subject_index, profile FROM oauth_connections
        WHERE get_byte(subject_index, 0) <> $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
    replace: "UPDATE oauth_connections SET subject_index = $3 WHERE id = $1 AND subject_index = $2",
};

pub(crate) const EMAILS: IndexStatements = IndexStatements {
    table: "email_delivery_log",
    count: "SELECT count(*) FROM email_delivery_log WHERE get_byte(to_index, 0) <> $1",
    page: "SELECT id, user_id, 'email', to_index, to_address FROM email_delivery_log
        WHERE get_byte(to_index, 0) <> $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
    replace: "UPDATE email_delivery_log SET to_index = $3 WHERE id = $1 AND to_index = $2",
};

pub(crate) const SMS: IndexStatements = IndexStatements {
    table: "sms_delivery_log",
    count: "SELECT count(*) FROM sms_delivery_log WHERE get_byte(to_index, 0) <> $1",
    page: "SELECT id, user_id, 'phone', to_index, to_address FROM sms_delivery_log
        WHERE get_byte(to_index, 0) <> $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
    replace: "UPDATE sms_delivery_log SET to_index = $3 WHERE id = $1 AND to_index = $2",
};
