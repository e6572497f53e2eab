//! The outbox as a page: the messages that nobody got, for whoever develops. Only `ward dev` serves it.

mod page;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth::delivery::outbox::{Sent, read};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use shared::http::{Problem, security_headers};

const STYLE: &str = include_str!("outbox.css");

type Folder = Arc<Path>;

/// `/outbox` and `/outbox.json` in front of the product.
pub(super) fn router(folder: PathBuf, product: Router) -> Router {
    Router::new()
        .route("/outbox", get(page))
        .route("/outbox.json", get(json))
        .route("/outbox/style.css", get(async || ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)))
        .with_state(Folder::from(folder))
        .layer(from_fn(this_machine))
        .layer(from_fn(security_headers))
        .fallback_service(product)
}

async fn page(State(folder): State<Folder>) -> Result<Html<String>, Problem> {
    Ok(Html(page::html(&messages(folder).await?)))
}

async fn json(State(folder): State<Folder>) -> Result<Json<serde_json::Value>, Problem> {
    Ok(Json(serde_json::json!({"messages": messages(folder).await?})))
}

async fn messages(folder: Folder) -> Result<Vec<Sent>, Problem> {
    let read = tokio::task::spawn_blocking(move || read(&folder)).await;
    read.ok().and_then(Result::ok).ok_or_else(|| Problem::internal("the outbox can't be read"))
}

/// Answers only who asks for this machine by its own name: a site whose name points here must not read the codes.
async fn this_machine(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    match name.map_or(host, |(name, _)| name) {
        "localhost" | "127.0.0.1" | "[::1]" => next.run(request).await,
        _ => Problem::new(StatusCode::FORBIDDEN, "wrong_host", "The outbox is at localhost").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt;

    use super::*;

    async fn ask(folder: &Path, host: &str, path: &str) -> (StatusCode, Response) {
        let product = Router::new().fallback(async || "product");
        let request = Request::builder().uri(path).header(header::HOST, host).body(Body::empty()).unwrap();
        let response = router(folder.to_owned(), product).oneshot(request).await.unwrap();
        (response.status(), response)
    }

    async fn text(response: Response) -> String {
        String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_page_its_style_and_the_list_are_served_and_all_else_is_the_product() {
        let folder = tempfile::tempdir().unwrap();
        let (status, page) = ask(folder.path(), "localhost:9000", "/outbox").await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        assert!(text(page).await.contains("Nothing was sent yet"));
        let (_, style) = ask(folder.path(), "localhost:9000", "/outbox/style.css").await;
        assert_eq!(style.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        let (_, list) = ask(&folder.path().join("not-there"), "127.0.0.1:9000", "/outbox.json").await;
        assert_eq!(text(list).await, r#"{"messages":[]}"#);
        let (_, other) = ask(folder.path(), "localhost:9000", "/outbox/other").await;
        assert_eq!(text(other).await, "product");
    }

    #[tokio::test]
    async fn another_name_for_this_machine_does_not_open_it() {
        let folder = tempfile::tempdir().unwrap();
        for host in ["evil.example:9000", "evil.example", "localhost.evil.example", "", "localhost:x"] {
            let (status, _) = ask(folder.path(), host, "/outbox.json").await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{host}");
        }
    }
}
