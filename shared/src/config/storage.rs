//! Settings of the encrypted store and of exports.

use super::ConfigError;
use super::parse::number;

/// What one user may keep, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct StorageLimits {
    /// Keys that are not deleted (`WARD_STORAGE_KEYS`).
    pub keys: i64,
    /// Bytes of all values, names and metadata as they are stored, former versions and deleted keys included
    /// (`WARD_STORAGE_BYTES`).
    pub bytes: i64,
    /// Days for which former versions and deleted keys can be restored (`WARD_STORAGE_VERSION_DAYS`).
    pub version_days: i64,
    /// Exports of an account in 24 hours (`WARD_EXPORTS_PER_DAY`).
    pub exports_per_day: i64,
}

pub(super) fn parse(get: &dyn Fn(&str) -> Option<String>) -> Result<StorageLimits, ConfigError> {
    let limits = StorageLimits {
        keys: number(get, "WARD_STORAGE_KEYS", 10_000)?,
        bytes: number(get, "WARD_STORAGE_BYTES", 1 << 30)?,
        version_days: number(get, "WARD_STORAGE_VERSION_DAYS", 30)?,
        exports_per_day: number(get, "WARD_EXPORTS_PER_DAY", 3)?,
    };
    for (name, value, bounds, form) in [
        ("WARD_STORAGE_KEYS", limits.keys, 1..=1_000_000, "between 1 and 1000000"),
        ("WARD_STORAGE_BYTES", limits.bytes, 1..=1 << 40, "between 1 and 1099511627776"),
        ("WARD_STORAGE_VERSION_DAYS", limits.version_days, 1..=365, "between 1 and 365"),
        ("WARD_EXPORTS_PER_DAY", limits.exports_per_day, 1..=1_000, "between 1 and 1000"),
    ] {
        if !bounds.contains(&value) {
            return Err(ConfigError::Invalid(name, form));
        }
    }
    Ok(limits)
}
