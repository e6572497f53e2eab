use axum::Router;
use shared::http::{Surface, guarded};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{App, handlers};

/// No route takes a body. Monitoring must not run into a rate limit, and nothing here depends on who asks.
const SURFACE: Surface = Surface { counted: false, ..Surface::with_body_limit(1024) };

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(handlers::health::health))
        .routes(routes!(handlers::metrics::metrics))
        .routes(routes!(handlers::docs::description))
        .routes(routes!(handlers::docs::page))
        .routes(routes!(handlers::docs::style))
}

/// Every URL of the function, behind the guard.
pub fn router(app: App) -> Router {
    let platform = app.platform.clone();
    let (router, _) = routes().with_state(app).split_for_parts();
    guarded(router, &platform, SURFACE)
}

/// The function's part of the API description.
pub fn openapi() -> OpenApi {
    routes().into_openapi()
}
