//! The logs and the trail.

use crate::demand::Demand::{AtLeast, Begins, Holds, Is, OneOf, Set};
use crate::demand::{Row, none, row};

/// Six years, what 164.316(b)(2)(i) asks of documentation.
const SIX_YEARS: i64 = 2192;

/// The rows.
pub const ROWS: &[Row] = &[
    row("AWS::Logs::LogGroup", "Properties.RetentionInDays", AtLeast(SIX_YEARS), "164.316(b)(2)(i)"),
    row("AWS::Logs::LogGroup", "Properties.KmsKeyId", Begins("arn:aws:kms:"), "164.312(a)(2)(iv)"),
    row("AWS::Logs::LogGroup", "DeletionPolicy", OneOf(&["Retain", "RetainExceptOnCreate"]), "164.316(b)(2)(i)"),
    row("AWS::Logs::LogGroup", "UpdateReplacePolicy", Is("Retain"), "164.316(b)(2)(i)"),
    row("AWS::Logs::MetricFilter", "Properties.FilterPattern", Set, "164.308(a)(1)(ii)(D)"),
    row("AWS::Logs::ResourcePolicy", "Properties.PolicyDocument", Holds("aws:Source"), "164.312(a)(1)"),
    none("AWS::Logs::DeliverySource", "which log is delivered"),
    none("AWS::Logs::DeliveryDestination", "where a log is delivered to: a bucket judged by itself"),
    none("AWS::Logs::Delivery", "that a log is delivered"),
    row("AWS::CloudTrail::Trail", "Properties.IsLogging", Is("true"), "164.312(b)"),
    row("AWS::CloudTrail::Trail", "Properties.IsMultiRegionTrail", Is("true"), "164.312(b)"),
    row("AWS::CloudTrail::Trail", "Properties.IncludeGlobalServiceEvents", Is("true"), "164.312(b)"),
    row("AWS::CloudTrail::Trail", "Properties.EnableLogFileValidation", Is("true"), "164.312(c)(2)"),
    row("AWS::CloudTrail::Trail", "Properties.KMSKeyId", Begins("arn:aws:kms:"), "164.312(a)(2)(iv)"),
    row(
        "AWS::CloudTrail::Trail",
        "Properties.CloudWatchLogsLogGroupArn",
        Begins("arn:aws:logs:"),
        "164.308(a)(1)(ii)(D)",
    ),
    row("AWS::CloudTrail::Trail", "Properties.AdvancedEventSelectors", Holds("AWS::S3::Object"), "164.312(b)"),
    row("AWS::CloudTrail::Trail", "DeletionPolicy", OneOf(&["Retain", "RetainExceptOnCreate"]), "164.312(b)")
        .when_set(),
];
