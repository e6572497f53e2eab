//! The storage function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::http::ServeError> {
    shared::http::serve(|platform| Ok(storage::router(storage::App::new(platform)))).await
}
