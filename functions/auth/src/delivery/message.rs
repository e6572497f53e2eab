use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use crate::model::{EmailAddress, PhoneNumber};

/// What is sent, and where to.
#[derive(Clone)]
pub struct Message {
    /// What it says.
    pub template: Template,
    /// Whom it goes to.
    pub to: Recipient,
}

impl Message {
    /// A message by email.
    pub fn email(to: EmailAddress, template: Template) -> Self {
        Self { template, to: Recipient::Email(to) }
    }

    /// A message by SMS.
    pub fn sms(to: PhoneNumber, template: Template) -> Self {
        Self { template, to: Recipient::Phone(to) }
    }
}

/// Where a message goes.
#[derive(Clone, Debug)]
pub enum Recipient {
    /// By email.
    Email(EmailAddress),
    /// By SMS.
    Phone(PhoneNumber),
}

/// What a message says. Has no `Debug`: codes and links stay out of logs.
#[derive(Clone)]
pub enum Template {
    /// A one-time code.
    Code {
        /// Six digits.
        code: String,
        /// What it is for.
        purpose: CodePurpose,
        /// How long it holds.
        valid_for: Duration,
    },
    /// Somebody tried to register with the address of an account.
    RegistrationKnown,
    /// A link to recover an account by.
    Recovery {
        /// The link.
        link: Url,
        /// How long it holds.
        valid_for: Duration,
    },
    /// Somebody tried to recover an account with an address that nobody has.
    RecoveryUnknown,
    /// An administrator made an account; the link leads into it.
    Invitation {
        /// The link.
        link: Url,
        /// How long it holds.
        valid_for: Duration,
    },
    /// The account was signed in to on a device it was not used on before.
    NewDevice {
        /// What the device is called.
        device: String,
        /// When.
        at: Timestamp,
    },
    /// The user asked for the deletion of the account.
    DeletionRequested {
        /// Until when it can be taken back.
        due_at: Timestamp,
        /// When it was asked for.
        at: Timestamp,
    },
    /// What protects the account has changed.
    Notice {
        /// What has changed.
        change: SecurityChange,
        /// When.
        at: Timestamp,
    },
}

impl Template {
    /// Its name in the delivery logs.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Code { .. } => "code",
            Self::RegistrationKnown => "registration_known",
            Self::Recovery { .. } => "recovery",
            Self::RecoveryUnknown => "recovery_unknown",
            Self::Invitation { .. } => "invitation",
            Self::NewDevice { .. } => "new_device",
            Self::DeletionRequested { .. } => "deletion_requested",
            Self::Notice { .. } => "notice",
        }
    }
}

/// What a one-time code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// To end a registration.
    Registration,
    /// As a second factor at sign-in.
    SignIn,
    /// To confirm who is there before something sensitive.
    StepUp,
    /// To prove that an address is the user's.
    Address,
    /// As a second factor of recovery.
    Recovery,
}

impl CodePurpose {
    /// How the sentence "Enter this code ..." goes on.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Registration => "to create your account",
            Self::SignIn => "to sign in",
            Self::StepUp => "to confirm that it is you",
            Self::Address => "to confirm that this address is yours",
            Self::Recovery => "to recover your account",
        }
    }
}

/// A second factor, as notices name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// An authenticator app.
    Totp,
    /// Codes by email.
    Email,
    /// Codes by SMS.
    Sms,
}

/// A change of what protects an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityChange {
    /// A password was set or changed.
    PasswordChanged,
    /// The password was removed.
    PasswordRemoved,
    /// A second factor was added.
    FactorAdded(Factor),
    /// A second factor was removed.
    FactorRemoved(Factor),
    /// New backup codes were made; the old ones are void.
    BackupCodesRenewed,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// The account was recovered.
    RecoveryCompleted,
    /// An email address or phone number was added.
    AddressAdded,
    /// An email address or phone number was removed.
    AddressRemoved,
    /// An API key was made.
    ApiKeyCreated,
    /// GitHub was connected.
    GithubConnected,
    /// GitHub was disconnected.
    GithubDisconnected,
    /// The deletion of the account was taken back.
    DeletionCancelled,
    /// An administrator gave the user another role.
    RoleChanged,
    /// An administrator disabled the account.
    AccountDisabled,
    /// An administrator enabled the account again.
    AccountEnabled,
    /// An administrator ended all sessions.
    SessionsEnded,
}

impl SecurityChange {
    /// What happened, as a clause.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::PasswordChanged => "your password was changed",
            Self::PasswordRemoved => "your password was removed",
            Self::FactorAdded(Factor::Totp) => "an authenticator app was added as a second factor",
            Self::FactorAdded(Factor::Email) => "codes by email were added as a second factor",
            Self::FactorAdded(Factor::Sms) => "codes by SMS were added as a second factor",
            Self::FactorRemoved(Factor::Totp) => "the authenticator app was removed as a second factor",
            Self::FactorRemoved(Factor::Email) => "codes by email were removed as a second factor",
            Self::FactorRemoved(Factor::Sms) => "codes by SMS were removed as a second factor",
            Self::BackupCodesRenewed => "new backup codes were made, and the old ones are void",
            Self::PasskeyAdded => "a passkey was added",
            Self::PasskeyRemoved => "a passkey was removed",
            Self::RecoveryCompleted => "your account was recovered, and its sessions and API keys were ended",
            Self::AddressAdded => "an email address or phone number was added",
            Self::AddressRemoved => "an email address or phone number was removed",
            Self::ApiKeyCreated => "an API key was made",
            Self::GithubConnected => "GitHub was connected",
            Self::GithubDisconnected => "GitHub was disconnected",
            Self::DeletionCancelled => "the deletion of your account was cancelled",
            Self::RoleChanged => "an administrator gave you another role",
            Self::AccountDisabled => "an administrator disabled your account",
            Self::AccountEnabled => "an administrator enabled your account again",
            Self::SessionsEnded => "an administrator ended all your sessions",
        }
    }

    /// Whether somebody else decided it: then the user can't take it back.
    pub(crate) fn is_by_administrator(self) -> bool {
        matches!(self, Self::RoleChanged | Self::AccountDisabled | Self::AccountEnabled | Self::SessionsEnded)
    }
}
