use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::config::Registration;
use utoipa::ToSchema;

use crate::App;

/// What a page has to know to offer the ways to sign in that there are.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the answer, and none depends on another")]
pub(crate) struct MethodsBody {
    /// Whether GitHub is set up.
    github: bool,
    #[schema(value_type = Registration)]
    registration: &'static str,
    /// Fewest characters of a password that stands alone.
    password_min: usize,
    /// Whether access tokens are set up.
    tokens: bool,
    /// Whether mail can be sent.
    email: bool,
    /// Whether SMS can be sent.
    sms: bool,
}

/// Which ways to sign in there are.
#[utoipa::path(get, path = "/api/auth/methods", tag = "auth", security(()), responses(
    (status = 200, description = "The ways to sign in", body = MethodsBody),
))]
pub(crate) async fn methods(State(app): State<App>) -> Json<MethodsBody> {
    let settings = &app.platform.settings;
    Json(MethodsBody {
        github: app.github.is_some(),
        registration: settings.sign_in.registration.name(),
        password_min: settings.passwords.shortest,
        tokens: app.signer.is_some(),
        email: !settings.delivery.email.is_empty(),
        sms: !settings.delivery.sms.is_empty(),
    })
}
