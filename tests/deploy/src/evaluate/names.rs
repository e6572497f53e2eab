//! What `Ref` and `Fn::GetAtt` give of a resource that does not exist yet.

use serde_json::{Value, json};

use super::{ACCOUNT, REGION, text};

/// Gives an evaluated property of the resource.
type Property<'a> = &'a dyn Fn(&str) -> Option<Value>;

/// The property that names a resource of each type, where a template may.
const NAMES: [(&str, &str); 20] = [
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::Lambda::Function", "FunctionName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::SQS::Queue", "QueueName"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SecretsManager::Secret", "Name"),
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"),
    ("AWS::RDS::DBCluster", "DBClusterIdentifier"),
    ("AWS::RDS::DBProxy", "DBProxyName"),
    ("AWS::ElastiCache::ReplicationGroup", "ReplicationGroupId"),
    ("AWS::ElastiCache::User", "UserId"),
    ("AWS::CloudTrail::Trail", "TrailName"),
    ("AWS::Backup::BackupVault", "BackupVaultName"),
    ("AWS::CloudWatch::Alarm", "AlarmName"),
    ("AWS::CodeDeploy::Application", "ApplicationName"),
    ("AWS::CodeDeploy::DeploymentGroup", "DeploymentGroupName"),
    ("AWS::KMS::Alias", "AliasName"),
    ("AWS::Scheduler::ScheduleGroup", "Name"),
];

/// Attributes that are lists, with as many members as three zones have.
const LISTS: [&str; 4] = ["EndpointIds", "DnsEntries", "NetworkInterfaceIds", "Ipv6CidrBlocks"];

/// The number of every version: Lambda counts from one.
const VERSION: &str = "1";

/// What a `Ref` to the resource gives.
pub(super) fn reference(kind: &str, id: &str, property: Property<'_>) -> String {
    match kind {
        "AWS::SNS::Topic"
        | "AWS::IAM::ManagedPolicy"
        | "AWS::SecretsManager::Secret"
        | "AWS::CloudFormation::Stack"
        | "AWS::ElasticLoadBalancingV2::LoadBalancer" => arn(kind, id, property),
        "AWS::Lambda::Alias" => format!("{}:{}", function(property), text(&property("Name").unwrap_or_default())),
        "AWS::Lambda::Version" => format!("{}:{VERSION}", function(property)),
        "AWS::ApiGateway::Stage" => text(&property("StageName").unwrap_or_default()),
        "AWS::SQS::Queue" => format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{}", name(kind, id, property)),
        _ => name(kind, id, property),
    }
}

/// What `Fn::GetAtt` gives.
pub(super) fn attribute(kind: &str, id: &str, attribute: &str, property: Property<'_>) -> Value {
    match (kind, attribute) {
        (_, "Arn" | "DBInstanceArn" | "DBClusterArn" | "DBProxyArn" | "BackupVaultArn" | "TopicArn") => {
            json!(arn(kind, id, property))
        }
        ("AWS::SQS::Queue", "QueueName") | ("AWS::SNS::Topic", "TopicName") => json!(name(kind, id, property)),
        ("AWS::EC2::VPC", "CidrBlock") => property("CidrBlock").unwrap_or_default(),
        ("AWS::EC2::Subnet", "CidrBlock" | "AvailabilityZone") => property(attribute).unwrap_or_default(),
        ("AWS::Lambda::Version", "Version") => json!(VERSION),
        (_, list) if LISTS.contains(&list) => (0..3).map(|index| json!(format!("{index}:${{{id}.{list}}}"))).collect(),
        _ => json!(format!("${{{id}.{attribute}}}")),
    }
}

/// The name that the template gives, or a token.
fn name(kind: &str, id: &str, property: Property<'_>) -> String {
    let named = NAMES.iter().find(|(of, _)| *of == kind).and_then(|(_, name)| property(name));
    named.map_or_else(|| format!("${{{id}}}"), |name| text(&name))
}

/// The ARN without the version of the function that an alias or a version belongs to.
fn function(property: Property<'_>) -> String {
    let function = text(&property("FunctionName").unwrap_or_default());
    if function.starts_with("arn:") {
        function
    } else {
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}")
    }
}

fn arn(kind: &str, id: &str, property: Property<'_>) -> String {
    let name = name(kind, id, property);
    let path = property("Path").map_or_else(|| "/".to_owned(), |path| text(&path));
    let here = |service: &str, resource: &str| format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}{name}");
    match kind {
        "AWS::S3::Bucket" => format!("arn:aws:s3:::{name}"),
        "AWS::IAM::Role" => format!("arn:aws:iam::{ACCOUNT}:role{path}{name}"),
        "AWS::IAM::ManagedPolicy" => format!("arn:aws:iam::{ACCOUNT}:policy{path}{name}"),
        "AWS::Lambda::Function" => here("lambda", "function:"),
        "AWS::Lambda::Alias" | "AWS::Lambda::Version" => reference(kind, id, property),
        "AWS::Logs::LogGroup" => here("logs", "log-group:") + ":*",
        "AWS::KMS::Key" => here("kms", "key/"),
        "AWS::SQS::Queue" => here("sqs", ""),
        "AWS::SNS::Topic" => here("sns", ""),
        "AWS::SecretsManager::Secret" => here("secretsmanager", "secret:") + "-??????",
        "AWS::RDS::DBInstance" => here("rds", "db:"),
        "AWS::RDS::DBCluster" => here("rds", "cluster:"),
        "AWS::RDS::DBProxy" => here("rds", "db-proxy:"),
        "AWS::ElastiCache::ReplicationGroup" => here("elasticache", "replicationgroup:"),
        "AWS::ElastiCache::User" => here("elasticache", "user:"),
        "AWS::CloudTrail::Trail" => here("cloudtrail", "trail/"),
        "AWS::Backup::BackupVault" => here("backup", "backup-vault:"),
        "AWS::CloudWatch::Alarm" => here("cloudwatch", "alarm:"),
        _ => {
            let service = kind.split("::").nth(1).unwrap_or_default().to_lowercase();
            here(&service, "")
        }
    }
}
