//! Settings of sign-in.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::ConfigError;
use super::parse::number;
use crate::described::one_of;
use crate::identity::Role;

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Anyone, by a username alone or with an address.
    Open,
    /// Anyone who proves an email address or phone number. Whether a username is taken is told only then, of one
    /// name with each proof.
    Address,
    /// Only who is invited.
    Closed,
}

impl PartialSchema for Registration {
    fn schema() -> RefOr<Schema> {
        let about = "Who may make an account: anyone, anyone who proves an address, or only who is invited.";
        one_of(about, Self::ALL.map(Self::name))
    }
}

impl ToSchema for Registration {
    fn name() -> Cow<'static, str> {
        "WhoMayRegister".into()
    }
}

impl Registration {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Open, Self::Address, Self::Closed];

    /// Its name, in the setting and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Address => "address",
            Self::Closed => "closed",
        }
    }
}

/// Settings of sign-in.
#[derive(Clone, Debug)]
pub struct SignInSettings {
    /// Who may make an account (`WARD_REGISTRATION`: `open`, `address` or `closed`).
    pub registration: Registration,
    /// Roles that need a second factor (`WARD_MFA_ROLES`).
    pub mfa_roles: Vec<Role>,
    /// Codes by `email` and `sms` that may be enrolled as a second factor (`WARD_CODE_FACTORS`, `none` for neither).
    pub code_factors: Vec<String>,
    /// Days a trusted device is spared the second factor (`WARD_TRUSTED_DEVICE_DAYS`), at most 30.
    pub trusted_device_days: i64,
    /// SMS to numbers nobody has proved, in 15 minutes, over all accounts (`WARD_UNPROVED_SMS`). Premium numbers pay whoever
    /// has them called: this bounds what that costs.
    pub unproved_sms: i64,
}

pub(super) fn parse(get: &dyn Fn(&str) -> Option<String>) -> Result<SignInSettings, ConfigError> {
    let registration = match get("WARD_REGISTRATION").as_deref().map(str::trim) {
        None | Some("open") => Registration::Open,
        Some("address") => Registration::Address,
        Some("closed") => Registration::Closed,
        Some(_) => return Err(ConfigError::Invalid("WARD_REGISTRATION", "open, address or closed")),
    };
    let trusted_device_days = number(get, "WARD_TRUSTED_DEVICE_DAYS", 30)?;
    if !(0..=30).contains(&trusted_device_days) {
        return Err(ConfigError::Invalid("WARD_TRUSTED_DEVICE_DAYS", "between 0 and 30"));
    }
    let unproved_sms = number(get, "WARD_UNPROVED_SMS", 50)?;
    if !(0..=1_000_000).contains(&unproved_sms) {
        return Err(ConfigError::Invalid("WARD_UNPROVED_SMS", "between 0 and 1000000"));
    }
    let roles = get("WARD_MFA_ROLES").unwrap_or_else(|| "admin".into());
    let mfa_roles = words(&roles).map(Role::parse).collect::<Option<_>>();
    let code_factors: Vec<String> =
        words(&get("WARD_CODE_FACTORS").unwrap_or_else(|| "email,sms".into())).map(str::to_owned).collect();
    if !code_factors.iter().all(|factor| factor == "email" || factor == "sms") {
        return Err(ConfigError::Invalid("WARD_CODE_FACTORS", "a list of email and sms, or none"));
    }
    Ok(SignInSettings {
        registration,
        mfa_roles: mfa_roles.ok_or(ConfigError::Invalid("WARD_MFA_ROLES", "a list of roles, or none"))?,
        code_factors,
        trusted_device_days,
        unproved_sms,
    })
}

/// The words of a comma-separated list; `none` stands for the empty one.
fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty() && *word != "none")
}
