use axum::Router;
use shared::described::with_scopes;
use shared::http::{Surface, guarded};
use shared::identity::Area;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{App, handlers, model};

/// The longest value and what stands around it.
const BODY_LIMIT: usize = model::LONGEST_VALUE + 64 * 1024;
const SURFACE: Surface = Surface::with_body_limit(BODY_LIMIT).in_area(|_| Some(Area::Storage));

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(handlers::values::set))
        .routes(routes!(handlers::values::get))
        .routes(routes!(handlers::values::delete))
        .routes(routes!(handlers::values::clear))
        .routes(routes!(handlers::values::keys))
}

/// Every URL of the function, behind the guard.
pub fn router(app: App) -> Router {
    let platform = app.platform.clone();
    let (router, _) = routes().with_state(app).split_for_parts();
    guarded(router, &platform, SURFACE)
}

/// The function's part of the API description.
pub fn openapi() -> OpenApi {
    with_scopes(routes().into_openapi(), SURFACE.area)
}
