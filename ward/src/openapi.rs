//! The description of the whole API, put together from the functions'.

use std::collections::BTreeMap;

use shared::described::{operations, security_schemes, signed_in};
use utoipa::openapi::path::{Operation, Paths};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Components, Info, License, OpenApi, OpenApiBuilder, RefOr, Server};

const ABOUT: &str = "Sign-in, an encrypted store, chats with a model, and what they cost. Errors are \
    application/problem+json (RFC 9457) with a stable code. Beside what each path names, any request may be answered \
    with 403 (cross_site, csrf_token_invalid), 413, 415, 422, 429 (rate_limited) or 503 (unavailable). An operation \
    without a `security` of its own needs somebody who is signed in, and no API key opens it.";

/// What each function says of itself.
pub fn parts() -> [OpenApi; 5] {
    [auth::openapi(), storage::openapi(), chat::openapi(), usage::openapi(), health::openapi()]
}

/// All paths of all functions.
pub fn description() -> OpenApi {
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".into());
    let mut info = Info::new("Ward", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.into());
    info.license = Some(license);
    let mut components = Components::new();
    components.security_schemes.extend(security_schemes().map(|(name, scheme)| (name.to_owned(), RefOr::T(scheme))));
    let mut all = OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .components(Some(components))
        .security(Some(signed_in()))
        .build();
    for part in parts() {
        all.merge(part);
    }
    all.paths = described(all.paths);
    all
}

/// The paths as `OpenAPI` writes them, each operation with an id of its own.
fn described(mut paths: Paths) -> Paths {
    let items = std::mem::take(&mut paths.paths).into_iter().map(|(path, mut item)| {
        // Only the router knows `{*name}`.
        let path = path.replace("{*", "{");
        for (method, operation) in operations(&mut item) {
            operation.operation_id = Some(operation_id(method, &path));
            open_to_everyone(operation);
        }
        (path, item)
    });
    paths.paths = items.collect::<BTreeMap<_, _>>();
    paths
}

/// The method and the path in one word: the handlers' names are not unique.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api").unwrap_or(path);
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// `security(())` means the empty list, which takes the place of the description's own.
fn open_to_everyone(operation: &mut Operation) {
    let nothing = SecurityRequirement::default();
    if let Some(security) = &mut operation.security {
        security.retain(|requirement| *requirement != nothing);
    }
}

/// The description as it is checked in: pretty JSON, without a line feed at its end.
///
/// # Errors
/// serde's, which a description never causes.
pub fn json() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&description())
}
