//! The usage function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::http::ServeError> {
    shared::http::serve(|platform| Ok(usage::router(usage::App::new(platform)))).await
}
