use axum::Router;
use shared::api_routes;
use shared::http::{Surface, guarded};
use utoipa::openapi::OpenApi;

use crate::{App, handlers};

/// No route takes a body. Monitoring must not run into a rate limit, and nothing here depends on who asks.
const SURFACE: Surface = Surface { counted: false, ..Surface::with_body_limit(1024) };

api_routes!(App:
    handlers::health::health,
    handlers::metrics::metrics,
    handlers::docs::description,
    handlers::docs::page,
    handlers::docs::style,
);

/// Every URL of the function, behind the guard.
pub fn router(app: App) -> Router {
    let platform = app.platform.clone();
    let router = routes().with_state(app);
    guarded(router, &platform, SURFACE)
}

/// The function's part of the API description.
pub fn openapi() -> OpenApi {
    described().into_openapi()
}
