//! The rules of sign-in.

pub(crate) mod authentication;
mod ceremony;
pub(crate) mod profile;
pub(crate) mod registration;

pub(crate) use ceremony::{CEREMONY, Ceremony};
