use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::http::{EntityTags, MergePatch, Problem, ProblemBody, entity_tag};
use shared::identity::Caller;
use utoipa::ToSchema;

use crate::App;
use crate::domain::preferences::{self, Versioned};
use crate::model::{PreferencesBody, Theme};

/// A merge patch (RFC 7396) of the preferences: what is named changes, `null` goes back to the default, and what is not
/// named stays. `app` and `notifications` are merged, member by member.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read member by member")]
pub(crate) struct PreferencesPatch {
    #[schema(value_type = Option<Theme>)]
    theme: Option<()>,
    /// A BCP 47 tag of at most 35 characters that browsers' `Intl` takes.
    #[schema(example = "pt-BR")]
    language: Option<String>,
    /// A name of the IANA time zone database.
    #[schema(example = "Africa/Nairobi")]
    time_zone: Option<String>,
    notifications: Option<NotificationsPatch>,
    /// Any object. After the merge it has at most 16 KB and 16 levels, and no member `__proto__`; numbers keep the text they
    /// were written in.
    #[schema(value_type = Option<Object>)]
    app: Option<()>,
}

/// A merge patch of what the user wants to hear of, and how.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body that is read member by member")]
pub(crate) struct NotificationsPatch {
    email: Option<bool>,
    sms: Option<bool>,
    new_device: Option<bool>,
    product: Option<bool>,
}

/// The caller's preferences, with a version as `ETag`.
#[utoipa::path(get, path = "/api/preferences", tag = "preferences",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of what is known already")),
    responses(
        (status = 200, description = "The preferences", body = PreferencesBody),
        (status = 304, description = "They are as they were"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
    ))]
pub(crate) async fn read(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    let found = preferences::read(&app, &caller).await?;
    let is_known = EntityTags::if_none_match(&headers).is_some_and(|tags| tags.match_weakly(found.version));
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, entity_tag(found.version))]).into_response());
    }
    Ok(body(found))
}

/// Changes the caller's preferences. With `If-Match` only where they are still of that version.
#[utoipa::path(patch, path = "/api/preferences", tag = "preferences",
    params(("If-Match" = Option<String>, Header, description = "The `ETag` the change is based on")),
    request_body(content((PreferencesPatch = "application/merge-patch+json"), (PreferencesPatch = "application/json"))),
    responses(
        (status = 200, description = "The preferences as they are now", body = PreferencesBody),
        (status = 400, description = "The body is not JSON, or If-Match no entity tag", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 412, description = "Somebody else has changed them meanwhile", body = ProblemBody),
        (status = 415, description = "The body is no JSON merge patch", body = ProblemBody),
        (status = 422, description = "The body is no object, or a member is of the wrong form or unknown. Of a known one the \
            detail says what it has to be; an unknown one it never repeats, but lists those there are", body = ProblemBody),
    ))]
pub(crate) async fn patch(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    let condition = EntityTags::if_match(&headers)?;
    preferences::patch(&app, &caller, &patch, condition.as_ref()).await.map(body)
}

fn body(found: Versioned) -> Response {
    let tag = [(header::ETAG, entity_tag(found.version))];
    (tag, Json(PreferencesBody::from(found.preferences))).into_response()
}
