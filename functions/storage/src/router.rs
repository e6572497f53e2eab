use axum::Router;
use axum::http::Method;
use shared::api_routes;
use shared::described::with_scopes;
use shared::http::{CountedBy, Surface, guarded};
use shared::identity::Area;
use utoipa::openapi::OpenApi;

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

api_routes!(App:
    handlers::values::set,
    handlers::values::get,
    handlers::values::delete,
    handlers::values::clear,
    handlers::keys::list,
    handlers::keys::search,
    handlers::batch::get,
    handlers::batch::set,
    handlers::batch::delete,
    handlers::versions::search,
    handlers::versions::restore,
    handlers::versions::forget,
    handlers::export::export,
    handlers::files::create,
    handlers::files::list,
    handlers::files::read,
    handlers::files::rename,
    handlers::files::delete,
    handlers::file_content::content,
    handlers::uploads::begin,
    handlers::uploads::complete,
    handlers::uploads::receive,
    handlers::operators::list,
    handlers::operators::create,
    handlers::operators::search,
    handlers::operators::read,
    handlers::operators::replace,
    handlers::operators::patch,
    handlers::operators::delete,
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
