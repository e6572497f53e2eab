//! The rules of sign-in.

pub(crate) mod account_deletion;
mod actor;
pub(crate) mod addresses;
pub(crate) mod api_keys;
mod assertion;
#[cfg(test)]
mod assertion_vectors;
mod attempt_buckets;
pub(crate) mod attempts;
pub(crate) mod authentication;
mod backup_codes;
pub(crate) mod bearer;
mod ceremony;
mod client;
mod codes;
pub(crate) mod consents;
pub(crate) mod contacts;
pub(crate) mod devices;
pub(crate) mod enrolment;
pub(crate) mod factor_step_up;
pub(crate) mod factors;
pub(crate) mod github;
pub(crate) mod invitations;
mod labels;
mod links;
pub(crate) mod passkey_step_up;
pub(crate) mod passkeys;
pub(crate) mod passwords;
pub(crate) mod preferences;
pub(crate) mod profile;
pub(crate) mod recovery;
pub(crate) mod registration;
pub(crate) mod second_factor;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod sign_up;
pub(crate) mod sms_budget;
pub(crate) mod step_up;
mod totp;
pub(crate) mod user_changes;
mod usernames;
pub(crate) mod users;
pub(crate) mod ways;

pub(crate) use actor::Actor;
pub(crate) use ceremony::{CEREMONY, Ceremony};
pub(crate) use client::{Client, device_cookie};
