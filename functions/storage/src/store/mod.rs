//! The SQL of the table `encrypted_storage`.

pub(crate) mod values;
