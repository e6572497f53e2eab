//! The auth function on Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::http::ServeError> {
    shared::http::serve(|platform| Ok(auth::router(auth::App::new(platform)?))).await
}
