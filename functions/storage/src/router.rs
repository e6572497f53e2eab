use axum::Router;
use axum::http::Method;
use shared::described::with_scopes;
use shared::http::{CountedBy, Surface, guarded};
use shared::identity::Area;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{App, handlers, model};

/// The longest value and what stands around it.
const BODY_LIMIT: usize = model::LONGEST_VALUE + 64 * 1024;
const SURFACE: Surface = Surface::with_body_limit(BODY_LIMIT).in_area(area).counted_by(counted_by);

/// Where API keys may go. What is forgotten is gone for good, and an export holds everything: both are for somebody who is
/// there. What an upload's URL opens needs no key.
fn area(path: &str) -> Option<Area> {
    match path.strip_prefix("/api/").and_then(|path| path.split_once('/').or(Some((path, "")))) {
        Some(("storage", rest)) if rest != "versions/forget" => Some(Area::Storage),
        Some(("operators", _)) => Some(Area::Operators),
        Some(("files", rest)) if !rest.starts_with("direct/") => Some(Area::Files),
        _ => None,
    }
}

/// A URL that was given away says itself what it is for: whoever holds it is counted by the address.
fn counted_by(_: &Method, path: &str) -> CountedBy {
    if path.starts_with("/api/files/direct/") { CountedBy::Address } else { CountedBy::Caller }
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(handlers::values::set))
        .routes(routes!(handlers::values::get))
        .routes(routes!(handlers::values::delete))
        .routes(routes!(handlers::values::clear))
        .routes(routes!(handlers::keys::list))
        .routes(routes!(handlers::keys::search))
        .routes(routes!(handlers::batch::get))
        .routes(routes!(handlers::batch::set))
        .routes(routes!(handlers::batch::delete))
        .routes(routes!(handlers::versions::search))
        .routes(routes!(handlers::versions::restore))
        .routes(routes!(handlers::versions::forget))
        .routes(routes!(handlers::export::export))
        .routes(routes!(handlers::files::create, handlers::files::list))
        .routes(routes!(handlers::files::read, handlers::files::rename, handlers::files::delete))
        .routes(routes!(handlers::file_content::content))
        .routes(routes!(handlers::uploads::begin))
        .routes(routes!(handlers::uploads::complete))
        .routes(routes!(handlers::uploads::receive))
        .routes(routes!(handlers::operators::list, handlers::operators::create))
        .routes(routes!(handlers::operators::search))
        .routes(routes!(
            handlers::operators::read,
            handlers::operators::replace,
            handlers::operators::patch,
            handlers::operators::delete
        ))
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
