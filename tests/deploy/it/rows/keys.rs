//! Keys and secrets.

use crate::demand::Demand::{AtLeast, Begins, Is, Not, OneOf, Set, Unset};
use crate::demand::{Row, none, row};

/// The rows.
pub const ROWS: &[Row] = &[
    row("AWS::KMS::Key", "Properties.EnableKeyRotation", Is("true"), "164.312(a)(2)(iv)"),
    row("AWS::KMS::Key", "Properties.PendingWindowInDays", Is("30"), "164.308(a)(7)(i)"),
    row("AWS::KMS::Key", "Properties.KeyPolicy.Statement", Set, "164.312(a)(1)"),
    row("AWS::KMS::Key", "Properties.BypassPolicyLockoutSafetyCheck", Not("true"), "164.308(a)(7)(i)"),
    row("AWS::KMS::Key", "DeletionPolicy", OneOf(&["Retain", "RetainExceptOnCreate"]), "164.308(a)(7)(i)"),
    row("AWS::KMS::Key", "UpdateReplacePolicy", Is("Retain"), "164.308(a)(7)(i)"),
    none("AWS::KMS::Alias", "a name of a key, and no right to it"),
    row("AWS::SecretsManager::Secret", "Properties.KmsKeyId", Begins("arn:aws:kms:"), "164.312(a)(2)(iv)"),
    // The template is no place for a value, nor is its history.
    row("AWS::SecretsManager::Secret", "Properties.SecretString", Unset, "164.312(a)(1)"),
    row(
        "AWS::SecretsManager::Secret",
        "DeletionPolicy",
        OneOf(&["Retain", "RetainExceptOnCreate"]),
        "164.308(a)(7)(i)",
    ),
    row("AWS::SecretsManager::Secret", "UpdateReplacePolicy", Is("Retain"), "164.308(a)(7)(i)"),
    row("AWS::SecretsManager::ResourcePolicy", "Properties.BlockPublicPolicy", Is("true"), "164.312(a)(1)"),
    row("AWS::SecretsManager::RotationSchedule", "Properties.RotationRules", Set, "164.308(a)(5)(ii)(D)"),
    row("AWS::IAM::Role", "Properties.AssumeRolePolicyDocument", Set, "164.308(a)(4)(i)"),
    row("AWS::IAM::Role", "Properties.Path", Begins("/ward/"), "164.308(a)(4)(ii)(B)"),
    // A name of one's own outlives nothing and keeps a stack from being made twice.
    row("AWS::IAM::Role", "Properties.RoleName", Unset, "164.308(a)(4)(i)"),
    row("AWS::IAM::Role", "Properties.MaxSessionDuration", OneOf(&["3600"]), "164.312(a)(2)(iii)").when_set(),
    row("AWS::IAM::ManagedPolicy", "Properties.PolicyDocument.Statement", Set, "164.308(a)(4)(ii)(C)"),
    // Rights belong to roles: a person has none of these by itself.
    row("AWS::IAM::ManagedPolicy", "Properties.Users", Unset, "164.308(a)(3)(i)"),
    none("AWS::IAM::ServiceLinkedRole", "a role whose rights only AWS writes"),
    row("AWS::IAM::Policy", "Properties.PolicyDocument.Statement", Set, "164.308(a)(4)(ii)(C)"),
    row("AWS::IAM::Policy", "Properties.Users", Unset, "164.308(a)(3)(i)"),
    row("AWS::CertificateManager::Certificate", "Properties.ValidationMethod", Is("DNS"), "164.312(e)(1)"),
    row(
        "AWS::CertificateManager::Certificate",
        "Properties.CertificateTransparencyLoggingPreference",
        Not("DISABLED"),
        "164.312(d)",
    ),
    row(
        "AWS::CertificateManager::Account",
        "Properties.ExpiryEventsConfiguration.DaysBeforeExpiry",
        AtLeast(30),
        "164.312(e)(1)",
    ),
];
