//! The chat function on Lambda, with streamed answers.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::http::ServeError> {
    shared::http::serve_streaming(|platform| Ok(chat::router(chat::App::new(platform)?))).await
}
