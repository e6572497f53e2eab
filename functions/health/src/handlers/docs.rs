use axum::http::header;
use axum::response::{Html, IntoResponse};

use crate::docs;

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "health", security(()), responses(
    (status = 200, description = "OpenAPI 3.1", body = Value),
))]
pub(crate) async fn description() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], docs::OPENAPI)
}

/// This description as a page.
#[utoipa::path(get, path = "/docs", tag = "health", security(()), responses(
    (status = 200, description = "HTML", body = String, content_type = "text/html"),
))]
pub(crate) async fn page() -> Html<&'static str> {
    Html(docs::page())
}

/// The page's style.
#[utoipa::path(get, path = "/docs/style.css", tag = "health", security(()), responses(
    (status = 200, description = "CSS", body = String, content_type = "text/css"),
))]
pub(crate) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], docs::STYLE)
}
