//! The SQL, a file per table; `accounts` and `user_details` read across those of one user, and the two delivery logs share
//! one.

pub(crate) mod access_log;
pub(crate) mod account_deletions;
pub(crate) mod accounts;
pub(crate) mod api_keys;
pub(crate) mod ceremonies;
pub(crate) mod consents;
pub(crate) mod contacts;
pub(crate) mod credentials;
pub(crate) mod deliveries;
pub(crate) mod devices;
pub(crate) mod factors;
pub(crate) mod failures;
pub(crate) mod indexes;
pub(crate) mod login_attempts;
pub(crate) mod oauth_connections;
pub(crate) mod one_time_codes;
pub(crate) mod passwords;
pub(crate) mod recoveries;
pub(crate) mod refresh_tokens;
pub(crate) mod session_audits;
pub(crate) mod sessions;
pub(crate) mod user_details;
pub(crate) mod user_preferences;
pub(crate) mod users;
