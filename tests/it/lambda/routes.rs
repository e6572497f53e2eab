//! A path belongs to one function, wherever the API runs: in template.yaml, in `cargo lambda watch`, in the code.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;

/// A route of template.yaml.
pub struct Route {
    path: String,
    /// The function's binary.
    pub function: String,
    /// Whether API Gateway takes the answer as a stream.
    pub streams: bool,
}

impl Route {
    /// Whether the route takes the path.
    pub fn takes(&self, path: &str) -> bool {
        takes(&self.path, path)
    }
}

fn read(relative: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the repository");
    fs::read_to_string(root.join(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
}

fn text(value: &Yaml) -> &str {
    value.as_str().expect("a text")
}

fn template() -> Yaml {
    serde_yaml_ng::from_str(&read("template.yaml")).expect("template.yaml is YAML")
}

/// The resources of a type, by name.
fn resources(template: &Yaml, kind: &str) -> Vec<(String, Yaml)> {
    let all = template["Resources"].as_mapping().expect("there are resources");
    let of_kind = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(name, resource)| (text(name).to_owned(), resource.clone())).collect()
}

fn functions(template: &Yaml) -> Vec<(String, Yaml)> {
    let functions = resources(template, "AWS::Serverless::Function").into_iter();
    functions
        .map(|(_, function)| (text(&function["Metadata"]["BuildProperties"]["Binary"]).to_owned(), function))
        .collect()
}

/// The routes of template.yaml.
pub fn template_routes() -> Vec<Route> {
    let mut routes = Vec::new();
    for (binary, function) in functions(&template()) {
        let Some(events) = function["Properties"]["Events"].as_mapping() else { continue };
        for event in events.values().filter(|event| event["Type"] == "Api") {
            let properties = &event["Properties"];
            assert_eq!(text(&properties["Method"]), "ANY", "the routers decide about methods");
            routes.push(Route {
                path: text(&properties["Path"]).to_owned(),
                function: binary.clone(),
                streams: properties["ResponseTransferMode"] == "RESPONSE_STREAM",
            });
        }
    }
    routes
}

fn watch_routes() -> BTreeMap<String, String> {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("Cargo.toml is TOML");
    let router = &manifest["workspace"]["metadata"]["lambda"]["watch"]["router"];
    router.clone().try_into().expect("paths and functions")
}

/// Whether a pattern such as `/api/chats/{proxy+}` or `/api/github/{*path}` takes the path.
fn takes(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(part), Some(_)) if part.ends_with("+}") || part.starts_with("{*") => return true,
            (Some(part), Some(segment)) if part == segment || part.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// Every path of the description.
fn described_paths() -> Vec<String> {
    let description: Json = serde_json::from_str(&read("openapi/ward.json")).expect("the description is JSON");
    description["paths"].as_object().expect("there are paths").keys().cloned().collect()
}

#[test]
fn every_described_path_reaches_one_function_the_same_everywhere() {
    let (template, watch) = (template_routes(), watch_routes());
    for path in described_paths() {
        let deployed: Vec<_> =
            template.iter().filter(|route| route.takes(&path)).map(|route| &route.function).collect();
        let watched: Vec<_> =
            watch.iter().filter(|(pattern, _)| takes(pattern, &path)).map(|(_, function)| function).collect();
        assert_eq!(deployed.len(), 1, "template.yaml routes {path} to {deployed:?}");
        assert_eq!(deployed, watched, "{path} in template.yaml, and in [workspace.metadata.lambda.watch.router]");
    }
}

#[test]
fn every_function_serves_the_paths_it_is_routed() {
    let described: [(&str, utoipa::openapi::OpenApi); 5] = [
        ("auth", auth::openapi()),
        ("storage", storage::openapi()),
        ("chat", chat::openapi()),
        ("usage", usage::openapi()),
        ("health", health::openapi()),
    ];
    let template = template_routes();
    for (function, openapi) in described {
        for path in openapi.paths.paths.keys() {
            let route = template.iter().find(|route| route.takes(path));
            assert_eq!(route.map(|route| route.function.as_str()), Some(function), "{path}");
        }
    }
}

#[test]
fn all_of_chat_and_storage_streams_and_nothing_else() {
    for route in template_routes() {
        let streams = ["chat", "storage"].contains(&route.function.as_str());
        assert_eq!(route.streams, streams, "{}", route.path);
    }
}

#[test]
fn api_gateway_hands_over_every_body_as_bytes() {
    // Without it a file would arrive as text, with a replacement character for each byte that is none.
    let types = &template()["Resources"]["Api"]["Properties"]["BinaryMediaTypes"];
    assert_eq!(types, &serde_yaml_ng::from_str::<Yaml>("['*~1*']").expect("YAML"));
}

#[test]
fn every_function_that_is_given_a_kms_key_is_built_for_kms() {
    let template = template();
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    assert!(!variables["KMS_KEY_ID"].is_null(), "the keyring is the same for all functions");
    for (function, _) in functions(&template).into_iter().filter(|(function, _)| function != "migrate") {
        let manifest: toml::Table = read(&format!("functions/{function}/Cargo.toml")).parse().expect("TOML");
        let features = &manifest["dependencies"]["shared"]["features"];
        assert!(
            features.as_array().is_some_and(|features| features.contains(&"kms".into())),
            "built by itself, {function} refuses to start with KMS_KEY_ID: give `shared` the feature `kms`"
        );
    }
}

#[test]
fn each_function_has_a_role_and_a_log_of_its_own() {
    let template = template();
    let functions = functions(&template);
    let own = |property: fn(&Yaml) -> &Yaml| {
        let mut names: Vec<_> =
            functions.iter().map(|(_, function)| format!("{:?}", property(&function["Properties"]))).collect();
        names.sort();
        names.dedup();
        names.len()
    };
    assert_eq!(own(|properties| &properties["Role"]), functions.len());
    assert_eq!(own(|properties| &properties["LoggingConfig"]["LogGroup"]), functions.len());
    for (name, log) in resources(&template, "AWS::Logs::LogGroup") {
        assert!(!log["Properties"]["RetentionInDays"].is_null(), "{name} is kept forever");
    }
}
