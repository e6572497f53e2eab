//! The API's description as a page: plain HTML without a script, made once from `openapi/ward.json`.

use std::fmt::{self, Write};
use std::sync::LazyLock;

use serde_json::Value;
use shared::http::escaped;

/// The description, as checked in.
pub(crate) const OPENAPI: &str = include_str!("../../../openapi/ward.json");
pub(crate) const STYLE: &str = include_str!("docs.css");

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let description: Value = serde_json::from_str(OPENAPI).unwrap_or_default();
    let mut page = String::new();
    let _infallible = write_page(&mut page, &description);
    page
});

/// The page.
pub(crate) fn page() -> &'static str {
    &PAGE
}

fn write_page(page: &mut String, description: &Value) -> fmt::Result {
    let info = &description["info"];
    write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} API</title><link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body><main>\
         <header><h1>{title} API</h1><p>{about}</p><p><a href=\"/openapi.json\">openapi.json</a> · version {version}</p></header>",
        title = text(&info["title"]),
        about = text(&info["description"]),
        version = text(&info["version"]),
    )?;
    write!(page, "<h2>Who calls</h2>")?;
    for (name, scheme) in description["components"]["securitySchemes"].as_object().into_iter().flatten() {
        write!(page, "<p><code>{}</code>: {}</p>", escaped(name), text(&scheme["description"]))?;
    }
    let none = serde_json::Map::new();
    for (path, methods) in description["paths"].as_object().unwrap_or(&none) {
        for (method, operation) in methods.as_object().unwrap_or(&none) {
            write_operation(page, path, method, operation)?;
        }
    }
    write!(page, "<h2>Bodies</h2>")?;
    for (name, schema) in description["components"]["schemas"].as_object().unwrap_or(&none) {
        write_schema(page, name, schema)?;
    }
    write!(page, "</main></body></html>")
}

fn write_operation(page: &mut String, path: &str, method: &str, operation: &Value) -> fmt::Result {
    write!(
        page,
        "<section><h2><span class=\"method {method}\">{method}</span> <code>{}</code></h2><p>{}</p>",
        escaped(path),
        text(&operation["summary"]),
    )?;
    if operation["description"].is_string() {
        write!(page, "<p>{}</p>", text(&operation["description"]))?;
    }
    write!(page, "<p>{}</p>", callers(&operation["security"]))?;
    if let Some(parameters) = operation["parameters"].as_array() {
        for parameter in parameters {
            let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
            write!(page, "<p><code>{name}</code> in {place}: {}</p>", text(&parameter["description"]))?;
        }
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        write!(page, "<p>Body: {}</p>", kind(body))?;
    }
    write!(page, "<table><tr><th>Status</th><th>Meaning</th><th>Body</th></tr>")?;
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let content = response["content"].as_object().and_then(|content| content.iter().next());
        let body = content.map(|(media, content)| match kind(&content["schema"]) {
            kind if media == "application/json" => kind,
            _ => escaped(media),
        });
        let (meaning, body) = (text(&response["description"]), body.unwrap_or_default());
        write!(page, "<tr><td>{status}</td><td>{meaning}</td><td>{body}</td></tr>")?;
    }
    write!(page, "</table></section>")
}

fn write_schema(page: &mut String, name: &str, schema: &Value) -> fmt::Result {
    write!(page, "<section id=\"{0}\"><h3>{0}</h3><p>{1}</p>", escaped(name), text(&schema["description"]))?;
    let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
    if parts.iter().any(|part| part["properties"].is_object()) {
        write!(page, "<table><tr><th>Field</th><th>Type</th><th>Meaning</th></tr>")?;
        for (field, value) in parts.iter().filter_map(|part| part["properties"].as_object()).flatten() {
            let (kind, about) = (kind(value), text(&value["description"]));
            write!(page, "<tr><td><code>{}</code></td><td>{kind}</td><td>{about}</td></tr>", escaped(field))?;
        }
        write!(page, "</table>")?;
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().map(|value| format!("<code>{}</code>", text(value))).collect();
        write!(page, "<p>One of {}.</p>", values.join(", "))?;
    }
    write!(page, "</section>")
}

/// Who may call: the description's own rule where the operation has none.
fn callers(security: &Value) -> String {
    match security.as_array().map(Vec::as_slice) {
        Some([]) => "For everyone.".into(),
        all => match all.into_iter().flatten().find_map(|one| one["api_key"][0].as_str()) {
            Some(scope) => format!("For who is signed in, and API keys with <code>{}</code>.", escaped(scope)),
            None => "For who is signed in.".into(),
        },
    }
}

/// A schema in a word, with a link where it has a name.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = escaped(reference.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    // `null` beside one other: what may be absent.
    if let Some(one) = schema["oneOf"].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null")) {
        return format!("{} or null", kind(one));
    }
    match &schema["type"] {
        Value::String(word) if word == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(word) => schema["format"].as_str().map_or_else(|| escaped(word), escaped),
        Value::Array(words) => words.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => "any JSON".into(),
    }
}

/// A text, with what stands in backticks as code.
fn text(value: &Value) -> String {
    let parts = value.as_str().unwrap_or_default().split('`').map(escaped);
    parts.enumerate().map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_path_and_escapes_what_it_says() {
        let description: Value = serde_json::from_str(OPENAPI).unwrap();
        for path in description["paths"].as_object().unwrap().keys() {
            assert!(page().contains(&format!("<code>{path}</code>")), "{path}");
        }
        assert_eq!(page().matches("API keys with <code>usage:read</code>").count(), 1);
        assert!(page().contains("<code>session</code>: "));
        let mut page = String::new();
        write_page(&mut page, &serde_json::json!({"info": {"title": "<script>"}})).unwrap();
        assert!(!page.contains("<script"));
    }
}
