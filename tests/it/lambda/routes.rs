//! The functions serve what template.yaml routes to them. What needs no code of theirs is judged in tests/deploy.

use deploy_tests::{Environment, Route, Stack, reached};

/// The stacks of production.
pub fn deployed() -> Stack {
    Environment::of("prod").evaluate()
}

/// The routes of template.yaml.
pub fn template_routes() -> Vec<Route> {
    deployed().routes()
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
        for (path, item) in openapi.paths.paths {
            let methods = [("GET", item.get), ("POST", item.post), ("PUT", item.put), ("PATCH", item.patch)];
            let methods = methods.into_iter().chain([("DELETE", item.delete)]);
            for (method, _) in methods.filter(|(_, operation)| operation.is_some()) {
                let route = reached(&template, method, &path);
                assert_eq!(route.map(|route| route.function.as_str()), Some(function), "{method} {path}");
            }
        }
    }
}
