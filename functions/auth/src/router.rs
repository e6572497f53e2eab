use axum::Router;
use axum::http::Method;
use axum::routing::delete;
use shared::described::with_scopes;
use shared::http::{CountedBy, Surface, guarded};
use shared::identity::Area;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{App, handlers};

/// A WebAuthn answer is a few kilobytes.
const BODY_LIMIT: usize = 64 * 1024;

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(handlers::registration::options))
        .routes(routes!(handlers::registration::verify))
        .routes(routes!(handlers::authentication::options))
        .routes(routes!(handlers::authentication::verify))
        .routes(routes!(handlers::methods::methods))
        .routes(routes!(handlers::sign_up::register))
        .routes(routes!(handlers::sign_up::verify))
        .routes(routes!(handlers::passwords::login))
        .routes(routes!(handlers::passwords::change, handlers::passwords::remove))
        .routes(routes!(handlers::second_factor::send))
        .routes(routes!(handlers::second_factor::answer))
        .routes(routes!(handlers::factors::list))
        .routes(routes!(handlers::factors::begin_totp))
        .routes(routes!(handlers::factors::confirm_totp))
        .routes(routes!(handlers::factors::enrol_codes))
        .routes(routes!(handlers::factors::renew_backup_codes))
        .routes(routes!(handlers::factors::remove))
        .route("/api/auth/factors/totp", delete(handlers::factors::remove_totp))
        .routes(routes!(handlers::addresses::list, handlers::addresses::add))
        .routes(routes!(handlers::addresses::send))
        .routes(routes!(handlers::addresses::verify))
        .routes(routes!(handlers::addresses::remove))
        .routes(routes!(handlers::recovery::request))
        .routes(routes!(handlers::recovery::options))
        .routes(routes!(handlers::recovery::send))
        .routes(routes!(handlers::recovery::complete))
        .routes(routes!(handlers::tokens::refresh))
        .routes(routes!(handlers::tokens::validate))
        .routes(routes!(handlers::passkeys::list, handlers::passkeys::add))
        .routes(routes!(handlers::passkeys::options))
        .routes(routes!(handlers::passkeys::rename, handlers::passkeys::remove))
        .routes(routes!(handlers::well_known::webauthn))
        .routes(routes!(handlers::step_up::options))
        .routes(routes!(handlers::step_up::send))
        .routes(routes!(handlers::step_up::verify))
        .routes(routes!(handlers::sessions::list, handlers::sessions::revoke_others))
        .routes(routes!(handlers::sessions::revoke))
        .routes(routes!(handlers::devices::list))
        .routes(routes!(handlers::devices::rename, handlers::devices::forget))
        .routes(routes!(handlers::session::me))
        .routes(routes!(handlers::session::csrf))
        .routes(routes!(handlers::session::logout))
        .routes(routes!(handlers::api_keys::create, handlers::api_keys::list))
        .routes(routes!(handlers::api_keys::revoke))
        .routes(routes!(handlers::well_known::jwks))
        .routes(routes!(handlers::github::start))
        .routes(routes!(handlers::github::callback))
        .routes(routes!(handlers::github::connect))
        .routes(routes!(handlers::github_connection::show, handlers::github_connection::disconnect))
        .routes(routes!(handlers::github_calls::read, handlers::github_calls::write))
        .routes(routes!(handlers::preferences::read, handlers::preferences::patch))
        .routes(routes!(handlers::account::show, handlers::account::delete))
        .routes(routes!(handlers::account::cancel))
        .routes(routes!(handlers::account::access_log))
        .routes(routes!(handlers::consents::list, handlers::consents::give))
        .routes(routes!(handlers::consents::withdraw))
        .routes(routes!(handlers::users::list, handlers::invitations::invite))
        .routes(routes!(handlers::users::search))
        .routes(routes!(handlers::users::read, handlers::users::change))
        .routes(routes!(handlers::invitations::invite_again))
        .routes(routes!(handlers::users::end_sessions))
}

/// Where API keys may go: an account's keys, factors and sessions are for somebody who is there.
fn area(path: &str) -> Option<Area> {
    match path {
        "/api/auth/me" => Some(Area::Account),
        "/api/preferences" => Some(Area::Preferences),
        _ if path == "/api/users" || path.starts_with("/api/users/") => Some(Area::Users),
        _ if path.starts_with("/api/github/") => Some(Area::Github),
        _ => None,
    }
}

/// What needs no session is counted by address, and what ends sessions and keys by the session that asks. Validating a
/// token tells nothing of accounts: a server that asks often sends the token as its `Authorization`, too, and counts as
/// the token's user.
fn counted_by(method: &Method, path: &str) -> CountedBy {
    match path.strip_prefix("/api/auth/").unwrap_or_default() {
        "methods"
        | "register"
        | "register/verify"
        | "passkeys/registration/options"
        | "passkeys/registration/verify"
        | "passkeys/authentication/options"
        | "passkeys/authentication/verify"
        | "login"
        | "second-factor"
        | "second-factor/send"
        | "recovery"
        | "recovery/options"
        | "recovery/send"
        | "recovery/complete"
        | "refresh"
        | "github"
        | "github/callback" => CountedBy::Address,
        // A page asks the first two before it can do anything.
        "me" | "csrf" | "logout" | "sessions" => CountedBy::Session,
        "api-keys" if method == Method::GET => CountedBy::Session,
        path if path.starts_with("sessions/") || path.starts_with("api-keys/") => CountedBy::Session,
        _ => CountedBy::Caller,
    }
}

/// Every URL of the function, behind the guard.
pub fn router(app: App) -> Router {
    let platform = app.platform.clone();
    let (router, _) = routes().with_state(app).split_for_parts();
    let surface = Surface::with_body_limit(BODY_LIMIT).in_area(area).counted_by(counted_by);
    guarded(router, &platform, surface)
}

/// The function's part of the API description.
pub fn openapi() -> OpenApi {
    with_scopes(routes().into_openapi(), area)
}
