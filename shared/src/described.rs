//! What the API's description says of every function alike: who may call, and which words there are to choose from.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{OpenApi, RefOr};

use crate::identity::{API_KEY_PREFIX, Area, SESSION_COOKIE, Scope};

// For `api_routes!`, wherever it stands.
pub use utoipa_axum;

const SESSION: &str = "session";
const ACCESS_TOKEN: &str = "access_token";
const API_KEY: &str = "api_key";
const METRICS_TOKEN: &str = "metrics_token";

/// The ways to say who calls, by their names in the description.
pub fn security_schemes() -> [(&'static str, SecurityScheme); 4] {
    let cookie = "The session of a page: the cookie that a sign-in sets. A request that changes something also carries \
        the header `X-CSRF-Token`, with the `csrf_token` of the sign-in's answer or of `GET /api/auth/csrf`.";
    let token = "The `access_token` of a sign-in with `session` `token`: a JWT (RFC 9068) that holds for an hour. \
        `POST /api/auth/refresh` gives the next. No `X-CSRF-Token` is needed.";
    let key = format!(
        "An API key of `POST /api/auth/api-keys`, `{API_KEY_PREFIX}...`, for a server or an SDK. It opens the operations \
         that name it, where it has the scope they name. No `X-CSRF-Token` is needed."
    );
    let metrics =
        "The setting `METRICS_TOKEN`, for whoever collects the metrics. It opens `GET /metrics` and nothing else.";
    let bearer = || HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    [
        (SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(SESSION_COOKIE, cookie)))),
        (ACCESS_TOKEN, SecurityScheme::Http(bearer().bearer_format("JWT").description(Some(token)).build())),
        (API_KEY, SecurityScheme::Http(bearer().description(Some(key)).build())),
        (METRICS_TOKEN, SecurityScheme::Http(bearer().description(Some(metrics)).build())),
    ]
}

/// What an operation needs that says nothing else: somebody who is signed in.
pub fn signed_in() -> Vec<SecurityRequirement> {
    [SESSION, ACCESS_TOKEN].map(|scheme| SecurityRequirement::new(scheme, [""; 0])).into()
}

/// Says of each operation which scope opens it to an API key, as the guard decides it: `area` is the function's. An
/// operation that says for itself who may call needs somebody who is there: a step-up refuses keys.
pub fn with_scopes(mut openapi: OpenApi, area: fn(&str) -> Option<Area>) -> OpenApi {
    for (path, item) in &mut openapi.paths.paths {
        let Some(area) = area(path) else { continue };
        for (method, operation) in operations(item).filter(|(_, operation)| operation.security.is_none()) {
            let write = Scope::writes(method == "get", path);
            let key = Scope::needed(area, write).map(|scope| SecurityRequirement::new(API_KEY, [scope]));
            operation.security = Some(signed_in().into_iter().chain(key).collect());
        }
    }
    openapi
}

/// Lists the handlers of a function once, each with its `#[utoipa::path]`, for two uses: `routes()` is the axum router, and
/// `described()` the same with its part of the API description.
///
/// A function that starts needs the first only. `utoipa_axum`'s own router makes both at once, and a description of sixty
/// operations takes longer to make, and to throw away, than all the rest of a start (`docs/adr/0013`).
#[macro_export]
macro_rules! api_routes {
    ($app:ty: $($handler:path),+ $(,)?) => {
        fn routes() -> ::axum::Router<$app> {
            use $crate::described::utoipa_axum::PathItemExt as _;
            let mut router = ::axum::Router::new();
            $(
                let (path, methods) = $crate::described::utoipa_axum::paste! {
                    (
                        $crate::described::utoipa_axum::routes!(@path [path()] of $handler),
                        $crate::described::utoipa_axum::routes!(@path [methods()] of $handler),
                    )
                };
                for method in methods {
                    router = router.route(&path, ::axum::routing::on(method.to_method_filter(), $handler));
                }
            )+
            router
        }

        fn described() -> $crate::described::utoipa_axum::router::OpenApiRouter<$app> {
            $crate::described::utoipa_axum::router::OpenApiRouter::default()$(.routes($crate::described::utoipa_axum::routes!($handler)))+
        }
    };
}

/// A string that is one of these names.
pub fn one_of(about: &str, names: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).description(Some(about)).into()
}

/// The operations of a path that Ward uses, by their methods.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
