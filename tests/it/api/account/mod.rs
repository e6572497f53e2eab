//! `/api/account`.

mod access_log;
mod consents;
mod deletion;
mod export;
mod export_files;
mod export_tables;

use axum::http::Method;
use serde_json::json;
use tests::{Answer, Browser};

const PATH: &str = "/api/account";
const CANCEL: &str = "/api/account/deletion/cancel";

/// Asks for the deletion of the browser's account, under this name.
async fn delete(browser: &mut Browser, username: &str) -> Answer {
    let body = Some(("application/json", json!({ "username": username }).to_string().into_bytes()));
    browser.send(Method::DELETE, PATH, body).await
}
