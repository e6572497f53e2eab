//! The functions of a stack, and the routes of its API.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::evaluate::text;
use crate::policy::Statement;
use crate::stack::{Resource, Stack};

/// A Lambda function.
pub struct Function<'a> {
    /// The binary that cargo-lambda builds for it, as its crate is called.
    pub binary: String,
    /// The resource.
    pub resource: &'a Resource,
}

/// A path of the API.
#[derive(Clone, Debug)]
pub struct Route {
    /// The path, as API Gateway writes it: `/api/chats/{proxy+}`.
    pub path: String,
    /// The methods, `ANY` for all.
    pub method: String,
    /// The binary of the function it reaches.
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

/// Whether a pattern such as `/api/chats/{proxy+}` or `/api/github/{*path}` takes the path.
pub fn takes(pattern: &str, path: &str) -> bool {
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

/// The route that a request reaches. API Gateway takes the most specific path, and only then looks at the method: one
/// that this path does not have is refused, also where a less specific path has it.
pub fn reached<'a>(routes: &'a [Route], method: &str, path: &str) -> Option<&'a Route> {
    let taking = || routes.iter().filter(|route| route.takes(path));
    // `{` sorts behind every letter, so a literal segment comes before a variable one.
    let best =
        taking().map(|route| (route.path.contains("+}"), route.path.as_str())).min_by_key(|(greedy, path)| {
            (*greedy, std::cmp::Reverse(path.split('/').count()), path.replace('{', "\u{10ffff}"))
        })?;
    let of_best = || taking().filter(|route| route.path == best.1);
    of_best().find(|route| route.method == method).or_else(|| of_best().find(|route| route.method == "ANY"))
}

impl Function<'_> {
    /// The environment that Lambda starts it with.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let variables = self.resource.property("Environment")["Variables"].as_object();
        variables.into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
    }

    /// Its role.
    pub fn role<'a>(&self, stack: &'a Stack) -> &'a Resource {
        let arn = text(self.resource.property("Role"));
        let role = stack.of_type("AWS::IAM::Role").find(|role| arn.ends_with(&format!("${{{}}}", role.id)));
        role.unwrap_or_else(|| panic!("{} runs under {arn}, which is no role of ours", self.binary))
    }

    /// What its role may do.
    pub fn statements(&self, stack: &Stack) -> Vec<Statement> {
        stack.statements_of(self.role(stack))
    }
}

impl Stack {
    /// The functions, by their binaries.
    pub fn functions(&self) -> Vec<Function<'_>> {
        let functions = self.of_type("AWS::Lambda::Function");
        let mut functions: Vec<_> = functions
            .map(|resource| {
                let binary = resource.body["Metadata"]["BuildProperties"]["Binary"].as_str();
                let binary = binary.unwrap_or_else(|| panic!("{} names no binary", resource.id)).to_owned();
                Function { binary, resource }
            })
            .collect();
        functions.sort_by(|one, other| one.binary.cmp(&other.binary));
        functions
    }

    /// The function of a binary.
    pub fn function(&self, binary: &str) -> Function<'_> {
        let found = self.functions().into_iter().find(|function| function.binary == binary);
        found.unwrap_or_else(|| panic!("there is no function {binary}"))
    }

    /// The routes of the REST API, as its body describes them.
    pub fn routes(&self) -> Vec<Route> {
        let mut routes = Vec::new();
        for api in self.of_type("AWS::ApiGateway::RestApi") {
            for (path, item) in api.property("Body")["paths"].as_object().into_iter().flatten() {
                for (method, operation) in item.as_object().into_iter().flatten() {
                    let integration = &operation["x-amazon-apigateway-integration"];
                    if integration["type"] == "aws_proxy" {
                        routes.push(self.route(path, method, integration));
                    }
                }
            }
        }
        routes
    }

    fn route(&self, path: &str, method: &str, integration: &Value) -> Route {
        let uri = text(&integration["uri"]);
        let function = self.functions().into_iter().find(|function| uri.contains(&called(function.resource)));
        Route {
            path: path.to_owned(),
            method: if method == "x-amazon-apigateway-any-method" { "ANY".to_owned() } else { method.to_uppercase() },
            function: function.unwrap_or_else(|| panic!("{path} reaches no function: {uri}")).binary,
            streams: integration["responseTransferMode"] == "STREAM",
        }
    }
}

/// How the ARN of a function, or of one of its versions, names it: with what follows a name.
fn called(function: &Resource) -> String {
    let name = function.property("FunctionName");
    let name = if name.is_null() { format!("${{{}}}", function.id) } else { text(name) };
    format!(":function:{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_path_is_taken_whatever_methods_it_has() {
        let route = |path: &str, method: &str| Route {
            path: path.to_owned(),
            method: method.to_owned(),
            function: format!("{method} {path}"),
            streams: false,
        };
        let routes = [route("/a/{proxy+}", "ANY"), route("/a/login", "POST"), route("/a/b/{proxy+}", "ANY")];
        let function = |method, path| reached(&routes, method, path).map(|route| route.function.as_str());
        assert_eq!(function("POST", "/a/login"), Some("POST /a/login"));
        assert_eq!(function("OPTIONS", "/a/login"), None, "it is not handed on to the other path");
        assert_eq!(function("GET", "/a/b/c"), Some("ANY /a/b/{proxy+}"));
        assert_eq!(function("GET", "/b"), None);
    }

    #[test]
    fn a_pattern_takes_what_api_gateway_would_hand_over() {
        for (pattern, path, expected) in [
            ("/api/chats", "/api/chats", true),
            ("/api/chats", "/api/chats/1", false),
            ("/api/chats/{proxy+}", "/api/chats/1/messages", true),
            ("/api/chats/{proxy+}", "/api/chats", false),
            ("/api/chats/{id}", "/api/chats/1/messages", false),
            ("/api/github/{*path}", "/api/github/a/b", true),
        ] {
            assert_eq!(takes(pattern, path), expected, "{pattern} {path}");
        }
    }
}
