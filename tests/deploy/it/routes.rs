//! The API's description, the API that is deployed and the one under `cargo lambda watch` have the same paths.

use std::collections::{BTreeMap, BTreeSet};

use deploy_tests::{Route, Stack, reached, source, takes};
use serde_json::Value;

use crate::environments::{self, Wrong};

/// Every path of the description, with its methods. A page of another origin asks before each (CORS).
fn described() -> BTreeMap<String, BTreeSet<String>> {
    let description: Value = serde_json::from_str(&source("openapi/ward.json")).expect("the description is JSON");
    let paths = description["paths"].as_object().expect("there are paths").iter();
    paths
        .map(|(path, item)| {
            let methods = item.as_object().expect("methods").keys().map(|method| method.to_uppercase());
            (path.clone(), methods.chain(["OPTIONS".to_owned()]).collect())
        })
        .collect()
}

fn watched(path: &str) -> Vec<String> {
    let manifest: toml::Table = source("Cargo.toml").parse().expect("Cargo.toml is TOML");
    let router = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"].as_table().expect("a table").iter();
    router.filter(|(pattern, _)| takes(pattern, path)).filter_map(|(_, name)| Some(name.as_str()?.to_owned())).collect()
}

fn each(check: impl Fn(&Stack, &[Route]) -> Vec<String>) {
    let mut wrong = Wrong::default();
    for (environment, stack) in environments::all() {
        for what in check(stack, &stack.routes()) {
            wrong.add(&environment.name, what);
        }
    }
    wrong.none();
}

#[test]
fn every_described_path_reaches_the_same_function_deployed_and_watched() {
    each(|_, routes| {
        let mut wrong = Vec::new();
        for (path, methods) in described() {
            for method in methods {
                let deployed: Vec<_> =
                    reached(routes, &method, &path).map(|route| route.function.clone()).into_iter().collect();
                let watched = watched(&path);
                if deployed.len() != 1 || deployed != watched {
                    wrong.push(format!("{method} {path} reaches {deployed:?}, and {watched:?} in Cargo.toml"));
                }
            }
        }
        wrong
    });
}

#[test]
fn every_deployed_path_is_described() {
    let described = described();
    each(|_, routes| {
        let known = |route: &&Route| {
            !described
                .iter()
                .any(|(path, methods)| route.takes(path) && (route.method == "ANY" || methods.contains(&route.method)))
        };
        let unknown = routes.iter().filter(known);
        unknown.map(|route| format!("{} {} is routed and not described", route.method, route.path)).collect()
    });
}

#[test]
fn all_of_chat_and_storage_streams_and_nothing_else() {
    each(|_, routes| {
        let streams = |route: &&Route| ["chat", "storage"].contains(&route.function.as_str()) != route.streams;
        routes.iter().filter(streams).map(|route| format!("{} streams: {}", route.path, route.streams)).collect()
    });
}

#[test]
fn api_gateway_hands_over_every_body_as_bytes() {
    // Without it a file would arrive as text, with a replacement character for each byte that is none.
    for (_, stack) in environments::all() {
        for api in stack.of_type("AWS::ApiGateway::RestApi") {
            let types = &api.property("Body")["x-amazon-apigateway-binary-media-types"];
            assert_eq!(types, &serde_json::json!(["*/*"]), "{}", api.id);
        }
    }
}
