//! Every call the code makes to AWS, and what a role has to allow for it.
//!
//! A scan of the sources fails when a call is not in the table, or the table names one that is gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use deploy_tests::{root, source};
use regex_lite::Regex;

use crate::environments;

/// Functions that open sealed data.
const VAULT: &[&str] = &["auth", "chat", "maintenance", "storage", "usage", "ward"];
/// Functions that keep files.
const FILES: &[&str] = &["maintenance", "storage", "ward"];
/// Every function.
const ALL: &[&str] = &["auth", "chat", "health", "maintenance", "migrate", "storage", "usage", "ward"];

/// Functions that sign in to the database as themselves.
const DATABASE: &[&str] = &["auth", "chat", "health", "maintenance", "storage", "usage"];
/// Functions that have the cache.
const CACHE: &[&str] = &["auth", "chat", "health", "maintenance", "storage", "usage", "ward"];

/// A call of the code.
#[derive(Debug)]
pub struct Call {
    /// Where it stands.
    pub file: &'static str,
    /// What the scan finds there.
    pub mark: &'static str,
    /// What it needs.
    pub actions: &'static [&'static str],
    /// The variable that names the resource; `DATABASE_AUTH` and the like, where the resource is named by none.
    pub on: &'static str,
    /// Which functions make it, of those that could.
    pub users: &'static [&'static str],
}

const fn call(
    file: &'static str,
    mark: &'static str,
    actions: &'static [&'static str],
    on: &'static str,
    users: &'static [&'static str],
) -> Call {
    Call { file, mark, actions, on, users }
}

const SIGN: &str = "shared/src/aws/sign.rs";
const DEPLOYMENT: &str = "functions/migrate/src/aws.rs";
const DESK: &str = "ward/src/secrets/store.rs";
const KMS: &str = "shared/src/vault/keyring/kms.rs";
const SECRETS: &str = "shared/src/config/secrets.rs";
const OBJECTS: &str = "shared/src/objects/mod.rs";
const S3: &str = "shared/src/objects/s3.rs";

/// All of them.
pub const CALLS: &[Call] = &[
    call(KMS, "sdk generate_data_key", &["kms:GenerateDataKey"], "KMS_KEY_ID", VAULT),
    call(KMS, "sdk decrypt", &["kms:Decrypt"], "KMS_KEY_ID", VAULT),
    // The copy of every data key in another region, and the operator's `ward keys rewrap`.
    call(KMS, "sdk encrypt", &["kms:Encrypt"], "KMS_SECOND_KEY_ID", VAULT),
    call(KMS, "sdk re_encrypt", &["kms:ReEncryptFrom", "kms:ReEncryptTo"], "KMS_KEY_ID", &["ward"]),
    call(KMS, "sdk describe_key", &["kms:DescribeKey"], "KMS_KEY_ID", &["health", "ward"]),
    call(SECRETS, "sdk get_secret_value", &["secretsmanager:GetSecretValue"], "*_SECRET_ID", ALL),
    // Signing in makes no call: a signed URL is the password.
    call(SIGN, "service rds-db", &["rds-db:connect"], "DATABASE_AUTH=iam", DATABASE),
    call(SIGN, "service elasticache", &["elasticache:Connect"], "REDIS_AUTH=iam", CACHE),
    call(DEPLOYMENT, "service lambda", &["lambda:InvokeFunction"], "WARD_NEW_VERSIONS", &["migrate"]),
    call(DEPLOYMENT, "service codedeploy", &["codedeploy:PutLifecycleEventHookExecutionStatus"], "", &["migrate"]),
    // Its two services stand in the file above.
    call("shared/src/data/iam/signed.rs", "signed GET", &[], "", ALL),
    // `ward secrets`, at a desk, with the rights of whoever types it.
    call(DESK, "sdk describe_secret", &["secretsmanager:DescribeSecret"], "", &[]),
    call(DESK, "sdk list_secret_version_ids", &["secretsmanager:ListSecretVersionIds"], "", &[]),
    call(DESK, "sdk put_secret_value", &["secretsmanager:PutSecretValue"], "", &[]),
    call(OBJECTS, "store put", &["s3:PutObject"], "FILES_BUCKET", FILES),
    call(OBJECTS, "store get_opts", &["s3:GetObject"], "FILES_BUCKET", FILES),
    call(OBJECTS, "store list", &["s3:ListBucket"], "FILES_BUCKET", FILES),
    call(OBJECTS, "store delete", &["s3:DeleteObject"], "FILES_BUCKET", FILES),
    call(S3, "signed HEAD", &["s3:GetObject", "s3:ListBucket"], "FILES_BUCKET", FILES),
    call(S3, "signed PUT", &["s3:PutObject"], "FILES_BUCKET", &["storage"]),
    call(S3, "signed GET", &["s3:GetObject"], "FILES_BUCKET", &["storage"]),
    call(
        "functions/auth/src/delivery/providers/ses.rs",
        "sdk send_email",
        &["ses:SendEmail", "ses:SendRawEmail"],
        "WARD_EMAIL=ses",
        // `ward user` tells people of what changed, and sends invitations.
        &["auth", "ward"],
    ),
    call(
        "functions/auth/src/delivery/providers/sns.rs",
        "sdk publish",
        &["sns:Publish"],
        "WARD_SMS=sns",
        &["auth", "ward"],
    ),
];

/// Calls that a function could make, having the code, and does not.
pub const NOT_MADE: &[(&str, &str, &str)] = &[
    ("health", "sdk generate_data_key", "it seals nothing"),
    ("health", "sdk decrypt", "it opens nothing"),
    ("health", "sdk encrypt", "it seals nothing"),
    ("migrate", "service rds-db", "it signs in as the tables' owner, with RDS's own secret"),
    ("ward", "service rds-db", "it signs in as the tables' owner, with RDS's own secret"),
    ("migrate", "service elasticache", "it has no cache"),
    ("ward", "service lambda", "`ward migrate` rolls nothing out"),
    ("ward", "service codedeploy", "`ward migrate` rolls nothing out"),
    ("ward", "sdk describe_secret", "secrets are written at a desk"),
    ("ward", "sdk list_secret_version_ids", "secrets are written at a desk"),
    ("ward", "sdk put_secret_value", "secrets are written at a desk"),
    ("ward", "signed PUT", "only whoever uploads a file is given a URL"),
    ("ward", "signed GET", "only whoever downloads a file is given a URL"),
    ("maintenance", "signed PUT", "only whoever uploads a file is given a URL"),
    ("maintenance", "signed GET", "only whoever downloads a file is given a URL"),
    ("*", "sdk re_encrypt", "only the operator's `ward keys rewrap` moves data keys to another key"),
    ("*", "sdk describe_key", "only /health and the operator ask after the key"),
];

/// What AWS does in a function's name, or what its client needs beside the call.
pub const FOR_SERVICES: &[(&str, &str, &[&str], &str)] = &[
    ("ec2:AssignPrivateIpAddresses", "", ALL, "Lambda makes the network interfaces"),
    ("ec2:CreateNetworkInterface", "", ALL, "Lambda makes the network interfaces"),
    ("ec2:DeleteNetworkInterface", "", ALL, "Lambda makes the network interfaces"),
    ("ec2:DescribeNetworkInterfaces", "", ALL, "Lambda makes the network interfaces"),
    ("ec2:DescribeSubnets", "", ALL, "Lambda makes the network interfaces"),
    ("ec2:UnassignPrivateIpAddresses", "", ALL, "Lambda makes the network interfaces"),
    ("logs:CreateLogStream", "", ALL, "Lambda writes the log"),
    ("logs:PutLogEvents", "", ALL, "Lambda writes the log"),
    ("xray:PutTelemetryRecords", "", ALL, "Lambda traces"),
    ("xray:PutTraceSegments", "", ALL, "Lambda traces"),
    ("kms:Decrypt", "KmsKeyArn", ALL, "Lambda opens the environment, Secrets Manager the secrets"),
    ("kms:Decrypt", "FILES_KEY_ID", FILES, "S3 opens objects for whoever may read them"),
    ("kms:GenerateDataKey", "FILES_KEY_ID", FILES, "S3 seals objects for whoever may write them"),
    ("kms:Decrypt", "KMS_OLD_KEY_IDS", VAULT, "data keys wrapped before"),
    ("kms:Decrypt", "KMS_SECOND_KEY_ID", VAULT, "data keys of the copy, while the first key's region is away"),
    ("kms:ReEncryptFrom", "KMS_OLD_KEY_IDS", &["ward"], "`ward keys rewrap` from a former key"),
    ("kms:Encrypt", "KMS_KEY_ID", &["ward"], "`ward keys rewrap` from a key of another region"),
    ("sqs:SendMessage", "DeadLetterConfig.TargetArn", ALL, "Lambda puts failed events aside"),
    ("kms:Decrypt", "DeadLetterConfig", ALL, "the queue is encrypted"),
    ("kms:GenerateDataKey", "DeadLetterConfig", ALL, "the queue is encrypted"),
];

/// The functions that have the code of a file, by their manifests.
fn linking(file: &str) -> Vec<&'static str> {
    let feature = match file {
        KMS => Some("kms"),
        SECRETS => Some("secrets"),
        _ if file.starts_with("shared/src/objects/") => Some("objects"),
        _ if file.starts_with("shared/") => Some("aws"),
        _ => None,
    };
    let has = |binary: &&&'static str| match (feature, **binary) {
        (_, "ward") | (Some("aws"), _) => true,
        (Some(feature), binary) => {
            let manifest: toml::Table = source(&format!("functions/{binary}/Cargo.toml")).parse().expect("TOML");
            let features = manifest["dependencies"]["shared"].get("features").and_then(|list| list.as_array());
            features.is_some_and(|features| features.contains(&feature.into()))
        }
        (None, binary) => file.starts_with(&format!("functions/{binary}/")),
    };
    ALL.iter().filter(has).copied().collect()
}

#[test]
fn whoever_has_the_code_of_a_call_makes_it_or_there_is_a_reason() {
    for call in CALLS {
        let linking = linking(call.file);
        for user in call.users {
            assert!(linking.contains(user), "{user} is built without {}", call.file);
        }
        for function in linking.into_iter().filter(|function| !call.users.contains(function)) {
            let mut reasons =
                NOT_MADE.iter().filter(|(who, mark, _)| *mark == call.mark && [function, "*"].contains(who));
            assert!(reasons.next().is_some(), "{function} could {} ({}): does it?", call.mark, call.file);
        }
    }
}

/// Built by itself, a function refuses to start with a key it has no code for.
#[test]
fn whoever_is_given_a_kms_key_is_built_for_kms() {
    let linking = linking(KMS);
    for (_, stack) in environments::all() {
        for function in stack.functions().into_iter().filter(|it| it.binary != "migrate") {
            let given = function.variables().get("KMS_KEY_ID").is_some_and(|key| !key.is_empty());
            assert!(!given || linking.contains(&function.binary.as_str()), "{}: give `shared` `kms`", function.binary);
        }
    }
}

#[test]
fn every_call_of_the_code_is_in_the_table_and_no_other() {
    let (mut found, mut files) = (BTreeSet::new(), Vec::new());
    for folder in ["shared/src", "functions", "ward/src"] {
        sources(&root().join(folder), &mut files);
    }
    assert!(files.len() > 200, "{} files", files.len());
    for file in &files {
        found.extend(marks(&source(file)).into_iter().map(|mark| (file.clone(), mark)));
    }
    let table: BTreeSet<_> = CALLS.iter().map(|call| (call.file.to_owned(), call.mark.to_owned())).collect();
    let new: Vec<_> = found.difference(&table).collect();
    let gone: Vec<_> = table.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "not in the table: {new:#?}\nnot in the code: {gone:#?}");
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_name().and_then(|name| name.to_str()).expect("a name");
        if entry.is_dir() {
            sources(&entry, found);
        } else if Path::new(name).extension().is_some_and(|it| it == "rs") && name != "tests.rs" {
            let relative = entry.strip_prefix(root()).expect("below the root");
            found.push(relative.to_str().expect("text").to_owned());
        }
    }
}

/// The calls to AWS in a source: operations of an SDK's client, of an object store, and requests signed by hand.
fn marks(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.flat_map(|line| line.trim().chars()).collect();
    let mut found = BTreeSet::new();
    let pattern = |text: &str| Regex::new(text).expect("a pattern");
    if code.contains("aws_sdk_") {
        let operation = pattern(r"\.(\w+)\(\)");
        for sent in code.match_indices(".send()").map(|(at, _)| &code[..at]) {
            let statement = &sent[sent.rfind([';', '{', '}']).map_or(0, |at| at + 1)..];
            let name = operation.captures(statement).map_or("unknown", |found| found.get(1).expect("a group").as_str());
            found.insert(format!("sdk {name}"));
        }
    }
    let groups = [
        ("store", pattern(r"\bstore\.(\w+)\(&?(?:Some\(&)?Path::from"), code.contains("object_store")),
        ("signed", pattern(r#"signer\.(?:url|headers)\([^;]*?"([A-Z]+)""#), true),
        (
            "service",
            pattern(r#""(rds-db|elasticache|lambda|codedeploy|sqs|events|sts|execute-api)""#),
            code.contains("aws_sigv4"),
        ),
    ];
    for (what, pattern, applies) in groups {
        if applies {
            let names = pattern.captures_iter(&code).filter_map(|found| Some(found.get(1)?.as_str().to_owned()));
            found.extend(names.map(|name| format!("{what} {name}")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_over_lines_and_not_in_comments_or_tests() {
        let source = "use aws_sdk_kms::Client;\nuse object_store::X;\nfn a() {\n    let answer = self\n        .client\n        .encrypt()\n        .key_id(1)\n        .send()\n        .await;\n    // client.decrypt().send()\n    let list = store.list(Some(&Path::from(prefix)));\n    self.signer.url(&self.chain.get().await?, \"PUT\", url);\n}\n#[cfg(test)]\nmod tests { fn b() { client.decrypt().send() } }";
        let expected = ["sdk encrypt", "signed PUT", "store list"];
        assert_eq!(marks(source).into_iter().collect::<Vec<_>>(), expected);
    }
}
