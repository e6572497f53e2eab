//! Settings of accounts.

use super::ConfigError;
use super::parse::number;

/// Settings of accounts.
#[derive(Clone, Copy, Debug)]
pub struct AccountSettings {
    /// Days for which a user can take the deletion of the account back (`ACCOUNT_DELETION_GRACE_DAYS`), at most 90.
    pub deletion_grace_days: i64,
}

pub(super) fn parse(get: &dyn Fn(&str) -> Option<String>) -> Result<AccountSettings, ConfigError> {
    let deletion_grace_days = number(get, "ACCOUNT_DELETION_GRACE_DAYS", 7)?;
    if !(0..=90).contains(&deletion_grace_days) {
        return Err(ConfigError::Invalid("ACCOUNT_DELETION_GRACE_DAYS", "between 0 and 90"));
    }
    Ok(AccountSettings { deletion_grace_days })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(value: Option<&str>) -> Result<i64, ConfigError> {
        parse(&|_| value.map(str::to_owned)).map(|settings| settings.deletion_grace_days)
    }

    #[test]
    fn the_grace_is_a_week_unless_told_and_never_over_90_days() {
        assert_eq!(days(None).unwrap(), 7);
        assert_eq!((days(Some("0")).unwrap(), days(Some("90")).unwrap()), (0, 90));
        for wrong in ["-1", "91", "seven"] {
            assert!(days(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
