use axum::Router;
use axum::http::Method;
use axum::routing::delete;
use shared::api_routes;
use shared::described::with_scopes;
use shared::http::{CountedBy, Surface, guarded};
use shared::identity::Area;
use utoipa::openapi::OpenApi;

use crate::{App, handlers};

/// A WebAuthn answer is a few kilobytes.
const BODY_LIMIT: usize = 64 * 1024;

api_routes!(App:
    handlers::registration::options,
    handlers::registration::verify,
    handlers::authentication::options,
    handlers::authentication::verify,
    handlers::methods::methods,
    handlers::sign_up::register,
    handlers::sign_up::verify,
    handlers::passwords::login,
    handlers::passwords::change,
    handlers::passwords::remove,
    handlers::second_factor::send,
    handlers::second_factor::answer,
    handlers::factors::list,
    handlers::factors::begin_totp,
    handlers::factors::confirm_totp,
    handlers::factors::enrol_codes,
    handlers::factors::renew_backup_codes,
    handlers::factors::remove,
    handlers::addresses::list,
    handlers::addresses::add,
    handlers::addresses::send,
    handlers::addresses::verify,
    handlers::addresses::remove,
    handlers::recovery::request,
    handlers::recovery::options,
    handlers::recovery::send,
    handlers::recovery::complete,
    handlers::tokens::refresh,
    handlers::tokens::validate,
    handlers::passkeys::list,
    handlers::passkeys::add,
    handlers::passkeys::options,
    handlers::passkeys::rename,
    handlers::passkeys::remove,
    handlers::well_known::webauthn,
    handlers::step_up::options,
    handlers::step_up::send,
    handlers::step_up::verify,
    handlers::sessions::list,
    handlers::sessions::revoke_others,
    handlers::sessions::revoke,
    handlers::devices::list,
    handlers::devices::rename,
    handlers::devices::forget,
    handlers::session::me,
    handlers::session::csrf,
    handlers::session::logout,
    handlers::api_keys::create,
    handlers::api_keys::list,
    handlers::api_keys::revoke,
    handlers::well_known::jwks,
    handlers::github::start,
    handlers::github::callback,
    handlers::github::connect,
    handlers::github_connection::show,
    handlers::github_connection::disconnect,
    handlers::github_calls::read,
    handlers::github_calls::write,
    handlers::preferences::read,
    handlers::preferences::patch,
    handlers::account::show,
    handlers::account::delete,
    handlers::account::cancel,
    handlers::account::access_log,
    handlers::consents::list,
    handlers::consents::give,
    handlers::consents::withdraw,
    handlers::users::list,
    handlers::invitations::invite,
    handlers::users::search,
    handlers::users::read,
    handlers::users::change,
    handlers::invitations::invite_again,
    handlers::users::end_sessions,
);

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
    let router = routes().route("/api/auth/factors/totp", delete(handlers::factors::remove_totp)).with_state(app);
    let surface = Surface::with_body_limit(BODY_LIMIT).in_area(area).counted_by(counted_by);
    guarded(router, &platform, surface)
}

/// The function's part of the API description.
pub fn openapi() -> OpenApi {
    with_scopes(described().into_openapi(), area)
}
