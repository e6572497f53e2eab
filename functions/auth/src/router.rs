use axum::Router;
use shared::http::{Surface, guarded};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{App, handlers};

/// A WebAuthn answer is a few kilobytes.
const BODY_LIMIT: usize = 64 * 1024;

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(handlers::registration::options))
        .routes(routes!(handlers::registration::verify))
        .routes(routes!(handlers::authentication::options))
        .routes(routes!(handlers::authentication::verify))
        .routes(routes!(handlers::session::me))
        .routes(routes!(handlers::session::csrf))
        .routes(routes!(handlers::session::logout))
}

/// Every URL of the function, behind the guard.
pub fn router(app: App) -> Router {
    let platform = app.platform.clone();
    let (router, _) = routes().with_state(app).split_for_parts();
    guarded(router, &platform, Surface::with_body_limit(BODY_LIMIT))
}

/// The function's part of the API description.
pub fn openapi() -> OpenApi {
    routes().into_openapi()
}
