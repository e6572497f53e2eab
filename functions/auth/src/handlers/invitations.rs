use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, PathId, Problem, ProblemBody};
use shared::identity::{Caller, Role};
use url::Url;
use utoipa::ToSchema;

use super::users::require_write;
use crate::App;
use crate::domain::Actor;
use crate::domain::contacts::Address;
use crate::domain::invitations::{self, Invitation, NewUser};
use crate::model::{DisplayName, EmailAddress, ManagedUser, Profile, Username};

/// Who is invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationRequest {
    /// 1 to 64 visible characters.
    username: String,
    /// 1 to 64 visible characters.
    display_name: String,
    /// Where the invitation goes.
    email: String,
    /// What the user is to be.
    role: Role,
}

/// A user who was invited.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitedBody {
    #[serde(flatten)]
    user: ManagedUser,
    /// The link of the invitation, to be handed over: nothing where it was sent to the user's address. It is shown once.
    #[schema(value_type = Option<String>)]
    invitation_url: Option<Url>,
    /// Until when the link holds.
    #[schema(value_type = String, format = DateTime)]
    invitation_expires_at: Timestamp,
}

impl From<Invitation> for InvitedBody {
    fn from(invitation: Invitation) -> Self {
        let Invitation { user, expires_at, url } = invitation;
        Self { user, invitation_url: url, invitation_expires_at: expires_at }
    }
}

/// Invites a user: makes the account, and sends a link for its user to open it by within 7 days.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = InvitationRequest,
    security(("session" = []), ("access_token" = [])), responses(
    (status = 201, description = "Invited", body = InvitedBody),
    (status = 400, description = "A name or the address is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up, and the permission users:write", body = ProblemBody),
    (status = 409, description = "The username is taken, or another account has the address", body = ProblemBody),
))]
pub(crate) async fn invite(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<InvitationRequest>,
) -> Result<(StatusCode, Json<InvitedBody>), Problem> {
    require_write(&app, &caller).await?;
    let new = NewUser {
        profile: Profile {
            username: Username::parse(&body.username)?,
            display_name: DisplayName::parse(&body.display_name)?,
        },
        address: Some(Address::Email(EmailAddress::parse(&body.email)?)),
        role: body.role,
    };
    let invitation = invitations::invite(&app, Actor::Administrator(&caller), new).await?;
    Ok((StatusCode::CREATED, Json(invitation.into())))
}

/// Makes another link for a user who has not followed the first; earlier ones are void.
#[utoipa::path(post, path = "/api/users/{id}/invitation", tag = "users",
    security(("session" = []), ("access_token" = [])),
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = 201, description = "Invited again", body = InvitedBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "Needs a recent step-up, and the permission users:write", body = ProblemBody),
        (status = 404, description = "There is no such user", body = ProblemBody),
        (status = 409, description = "The account is in use or disabled", body = ProblemBody),
    ))]
pub(crate) async fn invite_again(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<(StatusCode, Json<InvitedBody>), Problem> {
    require_write(&app, &caller).await?;
    let invitation = invitations::renew(&app, Actor::Administrator(&caller), id).await?;
    Ok((StatusCode::CREATED, Json(invitation.into())))
}
