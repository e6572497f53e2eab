//! Alarms, and the services that watch the account.

use crate::demand::Demand::{Begins, Holds, Is, Not, Set};
use crate::demand::{Row, none, row};

/// The rows.
pub const ROWS: &[Row] = &[
    row("AWS::CloudWatch::Alarm", "Properties.AlarmActions", Set, "164.308(a)(6)(ii)"),
    row("AWS::CloudWatch::Alarm", "Properties.ActionsEnabled", Not("false"), "164.308(a)(6)(ii)"),
    row("AWS::CloudWatch::Alarm", "Properties.TreatMissingData", Set, "164.308(a)(1)(ii)(D)"),
    row("AWS::CloudWatch::CompositeAlarm", "Properties.AlarmActions", Set, "164.308(a)(6)(ii)"),
    none("AWS::CloudWatch::AnomalyDetector", "what an alarm measures against"),
    none("AWS::CloudWatch::Dashboard", "metrics, which name nobody"),
    row("AWS::SNS::Topic", "Properties.KmsMasterKeyId", Begins("arn:aws:kms:"), "164.312(a)(2)(iv)"),
    row("AWS::SNS::TopicPolicy", "Properties.PolicyDocument.Statement", Holds("aws:Source"), "164.312(a)(1)"),
    none("AWS::SNS::Subscription", "whom an alarm calls; alarms name no patient"),
    row("AWS::Events::Rule", "Properties.State", Not("DISABLED"), "164.308(a)(6)(ii)"),
    row("AWS::GuardDuty::Detector", "Properties.Enable", Is("true"), "164.308(a)(1)(ii)(D)"),
    row("AWS::SecurityHub::Hub", "Properties.EnableDefaultStandards", Set, "164.308(a)(8)"),
    row("AWS::SecurityHub::Standard", "Properties.StandardsArn", Set, "164.308(a)(8)"),
    row(
        "AWS::Config::ConfigurationRecorder",
        "Properties.RecordingGroup.AllSupported",
        Is("true"),
        "164.308(a)(1)(ii)(D)",
    ),
    row("AWS::Config::DeliveryChannel", "Properties.S3BucketName", Set, "164.316(b)(2)(i)"),
    none("AWS::Config::ConformancePack", "AWS's own rules for HIPAA, which judge by themselves"),
    none("AWS::Config::ConfigRule", "a rule, which judges by itself"),
    row("AWS::Budgets::Budget", "Properties.NotificationsWithSubscribers", Set, "164.308(a)(1)(ii)(D)"),
    row("AWS::CE::AnomalySubscription", "Properties.Subscribers", Set, "164.308(a)(1)(ii)(D)"),
    none("AWS::CE::AnomalyMonitor", "what costs are measured by"),
    row("AWS::AccessAnalyzer::Analyzer", "Properties.Type", Set, "164.308(a)(4)(ii)(C)"),
];
