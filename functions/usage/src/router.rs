use axum::Router;
use shared::api_routes;
use shared::described::with_scopes;
use shared::http::{Surface, guarded};
use shared::identity::Area;
use utoipa::openapi::OpenApi;

use crate::{App, handlers};

/// No route takes a body.
const BODY_LIMIT: usize = 1024;
const SURFACE: Surface = Surface::with_body_limit(BODY_LIMIT).in_area(|_| Some(Area::Usage));

api_routes!(App:
    handlers::today::today,
);

/// Every URL of the function, behind the guard.
pub fn router(app: App) -> Router {
    let platform = app.platform.clone();
    let router = routes().with_state(app);
    guarded(router, &platform, SURFACE)
}

/// The function's part of the API description.
pub fn openapi() -> OpenApi {
    with_scopes(described().into_openapi(), SURFACE.area)
}
