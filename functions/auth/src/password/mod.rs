//! Passwords: parsed, judged, hashed and verified (NIST SP 800-63B-4, section 3.1.1.2). No database, no routes.
//!
//! # What a caller has to do
//! - Hold no database connection across a call: it may wait in the queue and then takes a while.
//! - Call [`Hasher::verify`] for an unknown account too, with `None`: it does the same work.
//! - Store [`Verdict::rehash`] where there is one.
//!
//! # What time tells
//! A mismatch always costs a hash at today's parameters for each form of the password, whether there is no account,
//! no password, a hash at today's parameters or a string that is no hash. A hash of before (bcrypt, weaker argon2) is
//! computed on top of that, and its match costs the hash that takes its place. So a legacy hash never makes an answer
//! quicker, and its match takes as long as its mismatch.
//!
//! What remains: an account whose legacy hash is slow answers later than an unknown one, until it signs in for the
//! first time (bcrypt at cost 12 takes 0.2 s, today's hash 0.02 s). To hide that, every verification would have to cost
//! as much as the slowest hash stored. The limit of sign-in attempts per account bounds how often it can be measured.
//! The same holds of hashes stronger than today's, which are kept.

mod advice;
mod argon;
mod bcrypt;
mod hasher;
mod history;
mod plain;
mod policy;
mod pool;
mod stored;

pub use hasher::{Hasher, Verdict};
pub use history::REMEMBERED;
pub use plain::{LONGEST, Password};
pub use policy::Policy;
#[cfg(feature = "fuzzing")]
pub(crate) use policy::{weakness, words};
pub use pool::Pool;
pub use stored::StoredHash;

/// The settings' defaults.
#[cfg(test)]
const SETTINGS: shared::config::Passwords = shared::config::Passwords {
    memory_kib: 19_456,
    passes: 2,
    pool: 2,
    queue: 16,
    shortest: 15,
    shortest_with_second_factor: 8,
    score: 3,
};
