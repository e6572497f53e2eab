//! The description checked in is the code's, and each name in it stands for one thing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use axum::http::{Method, header};
use serde_json::{Value, json};
use shared::identity::Scope;
use tests::TestApp;

use crate::coverage::PUBLIC;

#[test]
fn the_checked_in_description_is_the_codes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/ward.json");
    let checked_in = fs::read_to_string(path).unwrap();
    let made = ward::openapi::json().unwrap();
    assert!(checked_in.trim_end() == made, "openapi/ward.json is not what the code says: run `cargo xtask openapi`");
}

/// Each operation with its method and path.
fn operations() -> Vec<(String, String, Value)> {
    let description = serde_json::to_value(ward::openapi::description()).unwrap();
    let paths = description["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(|(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
    });
    operations.collect()
}

#[test]
fn functions_that_share_a_schemas_name_share_the_schema() {
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    for part in ward::openapi::parts() {
        for (name, schema) in part.components.unwrap().schemas {
            let schema = serde_json::to_value(schema).unwrap();
            let first = known.entry(name.clone()).or_insert_with(|| schema.clone());
            assert_eq!(*first, schema, "{name} stands for two schemas: give one another name");
        }
    }
    assert!(known.contains_key("TokensBody") && known.contains_key("TokenQuotaBody"));
}

/// Within a function the later of two types of one name would replace the first without a word.
#[test]
fn no_two_types_have_one_schema_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut types = Vec::new();
    for folder in ["shared/src", "functions"] {
        schema_types(&root.join(folder), &mut types);
    }
    assert!(types.len() > 80, "{types:?}");
    let mut known = BTreeSet::new();
    let twice: Vec<_> = types.iter().filter(|name| !known.insert(*name)).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// The names of the types below a folder that derive a schema, as the description has them.
fn schema_types(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            schema_types(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let derived = text.split("#[derive(").skip(1).filter(|rest| derives_schema(rest));
            names.extend(derived.filter_map(type_name));
        }
    }
}

/// The first name of a struct or an enum.
fn type_name(text: &str) -> Option<String> {
    let mut words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.find(|word| ["struct", "enum"].contains(word))?;
    words.next().map(str::to_owned)
}

fn derives_schema(rest: &str) -> bool {
    rest.split_once(")]").is_some_and(|(derived, _)| derived.contains("ToSchema"))
}

#[test]
fn each_operation_has_an_id_of_its_own() {
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id.clone()), "{method} {path}: {id}");
    }
}

#[test]
fn each_parameter_in_a_path_is_described() {
    for (method, path, operation) in operations() {
        let named: BTreeSet<_> = path.split(['{', '}']).skip(1).step_by(2).collect();
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let described: BTreeSet<_> =
            parameters.filter(|parameter| parameter["in"] == "path").map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(named, described, "{method} {path}");
    }
}

#[test]
fn the_public_routes_and_no_others_need_nobody() {
    let description = serde_json::to_value(ward::openapi::description()).unwrap();
    assert_eq!(description["security"], json!([{"session": []}, {"access_token": []}]));
    let schemes = description["components"]["securitySchemes"].as_object().unwrap();
    for (method, path, operation) in operations() {
        let security = operation.get("security");
        assert_eq!(security == Some(&json!([])), PUBLIC.contains(&path.as_str()), "{method} {path}");
        for requirement in security.and_then(Value::as_array).into_iter().flatten() {
            let names = requirement.as_object().unwrap().keys();
            assert!(names.len() == 1 && names.into_iter().all(|name| schemes.contains_key(name)), "{method} {path}");
        }
    }
}

/// The scope an operation names for API keys.
fn scope(operation: &Value) -> Option<&str> {
    operation["security"].as_array()?.iter().find_map(|requirement| requirement["api_key"][0].as_str())
}

/// A step-up shows that somebody is there, which no key does: `docs/access.md`.
#[test]
fn what_needs_a_step_up_is_open_to_no_api_key() {
    let needs_step_up = |operation: &Value| {
        let refusal = operation["responses"]["403"]["description"].as_str().unwrap_or_default();
        refusal.contains("step-up")
    };
    let asked: Vec<_> = operations().into_iter().filter(|(.., operation)| needs_step_up(operation)).collect();
    assert!(asked.iter().any(|(method, path, _)| (method.as_str(), path.as_str()) == ("PATCH", "/api/users/{id}")));
    for (method, path, operation) in asked {
        assert_eq!(scope(&operation), None, "{method} {path}");
    }
}

#[tokio::test]
async fn an_api_key_gets_where_the_description_says_and_nowhere_else() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let mut key = async |scopes: Vec<&str>| {
        let made = admin.post("/api/auth/api-keys", json!({"name": "Walk", "scopes": scopes})).await;
        made.json()["key"].as_str().unwrap().to_owned()
    };
    let mut keys = BTreeMap::new();
    for name in Scope::names() {
        let others = Scope::names().filter(|other| *other != name).collect();
        keys.insert(name, (key(vec![name]).await, key(others).await));
    }
    let all = key(Scope::names().collect()).await;
    let refusal = async |key: &str, method: &str, path: &str| {
        let mut client = app.browser();
        client.origin = None;
        let path = path.replace("{id}", "01890000-0000-7000-8000-000000000000").replace("{method}", "totp");
        let mut request = client.request(&method.parse::<Method>().unwrap(), &path, None);
        request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
        let answer = client.send_request(request).await;
        if answer.status == 403 { answer.code() } else { String::new() }
    };
    let mut named = BTreeSet::new();
    for (method, path, operation) in operations() {
        if let Some(scope) = scope(&operation) {
            let (with, without) = &keys[scope];
            assert_eq!(refusal(without, &method, &path).await, "scope_missing", "{method} {path}");
            assert_ne!(refusal(with, &method, &path).await, "scope_missing", "{method} {path}");
            named.insert(scope.to_owned());
        } else if operation["security"].is_null() {
            assert_eq!(refusal(&all, &method, &path).await, "api_key_refused", "{method} {path}");
        }
    }
    assert_eq!(named, Scope::names().map(str::to_owned).collect());
}
