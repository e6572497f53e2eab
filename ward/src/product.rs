//! The product behind one port: every function's router, and the page.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn;
use axum::response::Redirect;
use axum::routing::get;
use axum::serve::ListenerExt;
use shared::http::security_headers;
use shared::{Platform, StartError};
use tokio::net::TcpListener;
use tower::ServiceExt;
use tower_http::services::ServeDir;
use utoipa::openapi::OpenApi;

/// The functions, each with what it is built from.
#[derive(Clone)]
pub struct Apps {
    /// Sign-in.
    pub auth: auth::App,
    /// The encrypted store.
    pub storage: storage::App,
    /// Chats.
    pub chat: chat::App,
    /// Usage.
    pub usage: usage::App,
    /// Health.
    pub health: health::App,
}

impl Apps {
    /// All functions on one platform, as in `ward dev`. In Lambda each has a platform of its own.
    pub fn new(platform: &Platform) -> Result<Self, StartError> {
        Ok(Self {
            auth: auth::App::new(platform.clone())?,
            storage: storage::App::new(platform.clone()),
            chat: chat::App::new(platform.clone())?,
            usage: usage::App::new(platform.clone()),
            health: health::App::new(platform.clone()),
        })
    }
}

/// One router for everything: a documented path goes to its function, any other to the files of `page`, and what is
/// there neither gets the health function's 404. Without a page, `/` leads to the API's description.
pub fn product(apps: Apps, page: Option<&Path>) -> Router {
    let health = health::router(apps.health);
    let functions = Functions::new([
        (auth::router(apps.auth), auth::openapi()),
        (storage::router(apps.storage), storage::openapi()),
        (chat::router(apps.chat), chat::openapi()),
        (usage::router(apps.usage), usage::openapi()),
        (health.clone(), health::openapi()),
    ]);
    let elsewhere = match page {
        Some(page) => {
            let files = ServeDir::new(page).call_fallback_on_method_not_allowed(true).fallback(health);
            Router::new().fallback_service(files).layer(from_fn(security_headers))
        }
        None => Router::new().route("/", get(async || Redirect::temporary("/docs"))).fallback_service(health),
    };
    Router::new().fallback(async move |request: Request| {
        let router = functions.of(request.uri().path()).unwrap_or(&elsewhere).clone();
        router.oneshot(request).await
    })
}

/// The functions' routers by the paths they document.
///
/// Not a router of routers: each would add a path's parameters to those the other had found already.
#[derive(Clone)]
struct Functions(Arc<[(String, Router)]>);

impl Functions {
    fn new(functions: impl IntoIterator<Item = (Router, OpenApi)>) -> Self {
        let paths = functions
            .into_iter()
            .flat_map(|(router, openapi)| openapi.paths.paths.into_keys().map(move |path| (path, router.clone())));
        Self(paths.collect())
    }

    fn of(&self, path: &str) -> Option<&Router> {
        self.0.iter().find(|(template, _)| fits(path, template)).map(|(_, router)| router)
    }
}

/// Whether a path is one that `template` describes, in which `{name}` stands for one segment and `{*name}` for all that
/// follow.
fn fits(path: &str, template: &str) -> bool {
    let (mut path, mut template) = (path.split('/'), template.split('/'));
    loop {
        match (path.next(), template.next()) {
            (None, None) => return true,
            (Some(segment), Some(expected)) if segment == expected => {}
            (Some(_), Some(expected)) if expected.starts_with("{*") => return true,
            (Some(segment), Some(expected)) if expected.starts_with('{') && !segment.is_empty() => {}
            _ => return false,
        }
    }
}

/// Serves a router, with the client's address known to it, until `stop` completes and open requests have ended.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    // A streamed token goes out when it comes, not when there is a packet's worth of them.
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_its_template_segment_by_segment() {
        assert!(fits("/api/chats/4f/messages", "/api/chats/{id}/messages"));
        assert!(fits("/health", "/health"));
        assert!(fits("/api/github/repos/a/b", "/api/github/{*path}"));
        for (path, template) in [
            ("/api/chats", "/api/chats/{id}"),
            ("/api/chats/", "/api/chats/{id}"),
            ("/api/chats/4f/messages", "/api/chats/{id}"),
            ("/healthy", "/health"),
            ("/api/github", "/api/github/{*path}"),
        ] {
            assert!(!fits(path, template), "{path} fits {template}");
        }
    }
}
