//! The health function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::http::ServeError> {
    shared::http::serve(|platform| Ok(health::router(health::App::new(platform)))).await
}
