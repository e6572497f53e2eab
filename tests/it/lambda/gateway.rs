//! API Gateway in small: an HTTP request becomes a REST proxy event for the function template.yaml routes it to.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use deploy_tests::{Route, reached};
use futures_util::stream;
use tokio::sync::Mutex;

use super::event::Event;
use super::function::{Function, HeaderMap};
use super::routes::template_routes;
use super::settings::Settings;

/// The functions of template.yaml, each a process, behind its routes.
struct Gateway {
    routes: Vec<Route>,
    functions: HashMap<String, Mutex<Function>>,
}

/// Starts the functions and answers HTTP with them.
pub async fn start(settings: &Settings) -> Router {
    let routes = template_routes();
    let mut functions = HashMap::new();
    for route in &routes {
        if !functions.contains_key(&route.function) {
            let function = Function::start(&route.function, &settings.pairs()).await;
            functions.insert(route.function.clone(), function);
        }
    }
    before(routes, functions)
}

/// Answers HTTP with functions that run, by these routes.
pub fn before(routes: Vec<Route>, functions: HashMap<String, Function>) -> Router {
    let functions = functions.into_iter().map(|(name, function)| (name, Mutex::new(function))).collect();
    let gateway = Arc::new(Gateway { routes, functions });
    Router::new().fallback(async move |request: Request| gateway.answer(request).await)
}

impl Gateway {
    async fn answer(&self, request: Request) -> Response {
        let route = reached(&self.routes, request.method().as_str(), request.uri().path()).expect("the path is routed");
        let event = event(request).await;
        let mut function = self.functions[&route.function].lock().await;
        if route.streams {
            let stream = function.stream(&event).await;
            let (status, headers) = (stream.status, stream.headers.clone());
            let parts = stream::unfold(stream, async |mut stream| {
                stream.next().await.map(|part| (Ok::<_, std::convert::Infallible>(part), stream))
            });
            response(status, &headers, Body::from_stream(parts))
        } else {
            let answer = function.call(&event).await;
            response(answer.status, &answer.headers, answer.body.into())
        }
    }
}

async fn event(request: Request) -> serde_json::Value {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().expect("a path").as_str();
    let mut event = Event::new(parts.method.as_str(), path);
    for (name, value) in &parts.headers {
        event = event.header(name.as_str(), value.to_str().expect("a header is text"));
    }
    let body = to_bytes(body, usize::MAX).await.expect("a body that ends");
    if !body.is_empty() {
        // The template names every type as binary.
        event = event.bytes(&body);
    }
    event.build()
}

fn response(status: u16, headers: &HeaderMap, body: Body) -> Response {
    let builder =
        headers.iter().fold(Response::builder().status(status), |builder, (name, value)| builder.header(name, value));
    builder.body(body).expect("an answer HTTP can carry")
}
