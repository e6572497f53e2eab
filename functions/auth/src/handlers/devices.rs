use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use shared::http::{JsonBody, PathId, Problem, ProblemBody};
use shared::identity::Caller;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Rename, signed_out};
use crate::App;
use crate::domain::devices::{self, Shown};

/// Where the caller has signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct DevicesBody {
    /// The last seen first; 200 at most.
    devices: Vec<DeviceBody>,
}

/// A browser or app.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeviceBody {
    id: Uuid,
    /// What it called itself, or what the user calls it.
    name: String,
    /// Whether it is the one that asks.
    current: bool,
    /// Until when it is spared the second factor; nothing where it is not.
    #[schema(value_type = Option<String>, format = DateTime)]
    trusted_until: Option<Timestamp>,
    /// When the user first signed in on it.
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Timestamp,
    /// When the user last signed in on it.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
}

/// The devices the caller has signed in on.
#[utoipa::path(get, path = "/api/auth/devices", tag = "auth", responses(
    (status = 200, description = "The devices", body = DevicesBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<DevicesBody>, Problem> {
    let now = app.platform.now();
    let body = |Shown { device, name }: Shown| DeviceBody {
        id: device.id,
        name,
        current: caller.session().device_id == Some(device.id),
        trusted_until: device.trusted_until.filter(|until| *until > now),
        first_seen_at: device.first_seen_at,
        last_seen_at: device.last_seen_at,
    };
    Ok(Json(DevicesBody { devices: devices::list(&app, &caller).await?.into_iter().map(body).collect() }))
}

/// Gives a device another name.
#[utoipa::path(patch, path = "/api/auth/devices/{id}", tag = "auth", request_body = Rename,
    params(("id" = Uuid, Path, description = "The device")),
    responses(
        (status = 204, description = "Renamed"),
        (status = 400, description = "The name is not of its form", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such device", body = ProblemBody),
    ))]
pub(crate) async fn rename(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(body): JsonBody<Rename>,
) -> Result<StatusCode, Problem> {
    devices::rename(&app, &caller, id, &body.label()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a device: it is trusted no more and its sessions end, this one too where it is on it.
#[utoipa::path(delete, path = "/api/auth/devices/{id}", tag = "auth",
    params(("id" = Uuid, Path, description = "The device")),
    responses(
        (status = 204, description = "Forgotten"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such device", body = ProblemBody),
    ))]
pub(crate) async fn forget(State(app): State<App>, caller: Caller, PathId(id): PathId) -> Result<Response, Problem> {
    devices::forget(&app, &caller, id).await?;
    let own = caller.session().device_id == Some(id);
    Ok(if own { signed_out(caller.session()) } else { StatusCode::NO_CONTENT.into_response() })
}
