//! `.github/workflows`: what they may do, and that nobody else's code changes under them.

use std::path::{Path, PathBuf};

use serde_yaml_ng::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../.github/workflows")
}

/// The workflows: name of the file, text and content.
fn workflows() -> Vec<(String, String, Value)> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let content = serde_yaml_ng::from_str(&text).unwrap();
        (path.file_name().unwrap().to_string_lossy().into_owned(), text, content)
    };
    let all: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| read(entry.unwrap().path())).collect();
    assert!(all.len() >= 2);
    all
}

/// A tag can be moved to other code, a commit can't.
#[test]
fn every_action_is_pinned_to_a_commit_with_its_version_beside_it() {
    for (name, text, _) in workflows() {
        let uses: Vec<_> =
            text.lines().filter_map(|line| line.split_once("uses: ").map(|(_, action)| action)).collect();
        assert!(!uses.is_empty(), "{name}");
        for action in uses {
            let (pinned, version) =
                action.split_once(" # v").unwrap_or_else(|| panic!("{name}: {action} has no version"));
            let (_, commit) = pinned.split_once('@').unwrap_or_else(|| panic!("{name}: {action}"));
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}: {action}");
            assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{name}: {action}");
        }
    }
}

#[test]
fn only_a_deployment_takes_a_role_and_no_workflow_writes_to_the_repository() {
    for (name, _, workflow) in workflows() {
        let jobs = workflow["jobs"].as_mapping().unwrap();
        let mut granted = vec![&workflow["permissions"]];
        granted.extend(jobs.values().map(|job| &job["permissions"]));
        assert!(granted[0].is_mapping(), "{name}: what is not said is what the repository's default grants");
        for (permission, access) in granted.into_iter().filter_map(Value::as_mapping).flatten() {
            let (permission, access) = (permission.as_str().unwrap(), access.as_str().unwrap());
            let role = name == "deploy.yml" && permission == "id-token";
            assert!(role || access == "read", "{name}: {permission}: {access}");
        }
        for job in jobs.values() {
            assert!(job["timeout-minutes"].as_u64().is_some(), "{name}: a job that hangs costs six hours");
        }
    }
}

/// The token's permission is every step's: a build script of somebody else's crate could be the role.
#[test]
fn a_job_that_may_be_the_role_compiles_and_installs_nothing_of_ours() {
    let mut roles = 0;
    for (name, _, workflow) in workflows() {
        let jobs = workflow["jobs"].as_mapping().unwrap().values();
        for job in jobs.filter(|job| job["permissions"]["id-token"] == "write") {
            roles += 1;
            for step in job["steps"].as_sequence().unwrap() {
                let script = step["run"].as_str().unwrap_or_default();
                let builds = ["cargo ", "npm ", "sam build"].iter().find(|command| script.contains(*command));
                assert!(builds.is_none(), "{name}: {script}");
            }
        }
    }
    assert_eq!(roles, 1);
}

/// An expression in a script is pasted into it before a shell reads it: whoever names a branch would write the script.
#[test]
fn no_script_has_an_expression_in_it() {
    for (name, _, workflow) in workflows() {
        for job in workflow["jobs"].as_mapping().unwrap().values() {
            for step in job["steps"].as_sequence().unwrap() {
                let script = step["run"].as_str().unwrap_or_default();
                assert!(!script.contains("${{"), "{name}: {script}");
            }
        }
    }
}
