//! Sealing and opening around the store.

pub(crate) mod values;
