//! The storage function on Lambda, with streamed answers.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::http::ServeError> {
    shared::http::serve_streaming(|platform| Ok(storage::router(storage::App::new(platform)))).await
}
