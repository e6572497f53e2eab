//! The functions, their rollout, and what starts them.

use crate::demand::Demand::{AtLeast, Begins, Is, Not, OneOf, Set, Unset};
use crate::demand::{Row, none, row};

/// The rows.
pub const ROWS: &[Row] = &[
    row("AWS::Lambda::Function", "Properties.Runtime", Is("provided.al2023"), "164.308(a)(5)(ii)(B)"),
    row("AWS::Lambda::Function", "Properties.Architectures", Is(r#"["arm64"]"#), "164.308(a)(7)(i)"),
    row("AWS::Lambda::Function", "Properties.KmsKeyArn", Begins("arn:aws:kms:"), "164.312(a)(2)(iv)"),
    row("AWS::Lambda::Function", "Properties.ReservedConcurrentExecutions", AtLeast(1), "164.308(a)(7)(i)"),
    row("AWS::Lambda::Function", "Properties.TracingConfig.Mode", Is("Active"), "164.312(b)"),
    row("AWS::Lambda::Function", "Properties.VpcConfig.SubnetIds", Set, "164.312(e)(1)"),
    row("AWS::Lambda::Function", "Properties.VpcConfig.SecurityGroupIds", Set, "164.312(e)(1)"),
    row("AWS::Lambda::Function", "Properties.LoggingConfig.LogFormat", Is("JSON"), "164.312(b)"),
    row("AWS::Lambda::Function", "Properties.LoggingConfig.LogGroup", Set, "164.312(b)"),
    row("AWS::Lambda::Function", "Properties.Layers", Unset, "164.312(c)(1)"),
    row("AWS::Lambda::Function", "Properties.FileSystemConfigs", Unset, "164.312(a)(1)"),
    none("AWS::Lambda::Alias", "a name of two versions; functions.rs asks for its hook and its canary"),
    row("AWS::Lambda::Version", "DeletionPolicy", OneOf(&["Retain", "RetainExceptOnCreate"]), "164.308(a)(7)(i)"),
    row("AWS::Lambda::Permission", "Properties.Principal", Not("*"), "164.312(a)(1)"),
    row("AWS::Lambda::Permission", "Properties.Action", Is("lambda:InvokeFunction"), "164.308(a)(4)(ii)(B)"),
    row("AWS::Lambda::Permission", "Properties.SourceArn", Begins("arn:aws:"), "164.308(a)(4)(ii)(B)"),
    row("AWS::Lambda::EventInvokeConfig", "Properties.MaximumRetryAttempts", OneOf(&["0", "1", "2"]), "164.312(c)(1)"),
    row("AWS::Lambda::Url", "Properties.AuthType", Is("AWS_IAM"), "164.312(d)"),
    row(
        "AWS::Lambda::CodeSigningConfig",
        "Properties.CodeSigningPolicies.UntrustedArtifactOnDeployment",
        Is("Enforce"),
        "164.312(c)(1)",
    ),
    none("AWS::CodeDeploy::Application", "a name for deployment groups"),
    row(
        "AWS::CodeDeploy::DeploymentGroup",
        "Properties.AutoRollbackConfiguration.Enabled",
        Is("true"),
        "164.308(a)(7)(i)",
    ),
    row("AWS::CodeDeploy::DeploymentGroup", "Properties.AlarmConfiguration.Enabled", Is("true"), "164.308(a)(7)(i)")
        .in_prod(),
    row("AWS::CodeDeploy::DeploymentGroup", "Properties.AlarmConfiguration.Alarms", Set, "164.308(a)(7)(i)").in_prod(),
    row(
        "AWS::CodeDeploy::DeploymentGroup",
        "Properties.DeploymentConfigName",
        Begins("CodeDeployDefault.LambdaCanary"),
        "164.308(a)(7)(i)",
    )
    .in_prod(),
    row("AWS::Scheduler::Schedule", "Properties.Target.DeadLetterConfig.Arn", Begins("arn:aws:sqs:"), "164.312(b)"),
    row("AWS::Scheduler::Schedule", "Properties.KmsKeyArn", Begins("arn:aws:kms:"), "164.312(a)(2)(iv)"),
    row("AWS::Scheduler::Schedule", "Properties.State", Not("DISABLED"), "164.308(a)(7)(i)"),
    row("AWS::SQS::Queue", "Properties.KmsMasterKeyId", Begins("arn:aws:kms:"), "164.312(a)(2)(iv)"),
    // Fourteen days, SQS's most: somebody looks at what failed before it is gone.
    row("AWS::SQS::Queue", "Properties.MessageRetentionPeriod", Is("1209600"), "164.308(a)(6)(ii)"),
    row("AWS::SQS::QueuePolicy", "Properties.PolicyDocument.Statement[].Condition", Set, "164.312(e)(1)"),
    none("AWS::CloudFormation::WaitConditionHandle", "it makes nothing: a stack has to have some resource"),
    none("AWS::CloudFormation::Stack", "what is in it is judged by itself"),
];
