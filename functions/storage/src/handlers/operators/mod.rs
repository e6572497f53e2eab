mod bodies;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::http::{EntityTags, JsonBody, MergePatch, PathId, Problem, ProblemBody, QueryParams, entity_tag};
use shared::identity::Caller;

use self::bodies::{ContactSearch, OperatorBody, OperatorPatch, OperatorsBody, OperatorsQuery};
use crate::App;
use crate::domain::operators::{self, Change, Operator};
use crate::model::{Email, OperatorDraft, OperatorQuery};

/// The directory, a page at a time. The `ETag` is the same until any operator changes.
#[utoipa::path(get, path = "/api/operators", tag = "operators",
    params(OperatorsQuery, ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what is known already")),
    responses(
        (status = 200, description = "A page of operators", body = OperatorsBody),
        (status = 304, description = "No operator has changed"),
        (status = 400, description = "A parameter is not of its form", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
    ))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    QueryParams(query): QueryParams<OperatorsQuery>,
) -> Result<Response, Problem> {
    let query = OperatorQuery::parse(
        (query.limit, query.cursor.as_deref()),
        query.sort,
        (query.q.as_deref(), query.service.as_deref()),
        query.status,
    )?;
    let page = operators::list(&app, &caller, &query, |listed, next_cursor| {
        let body = OperatorsBody { operators: listed.into_iter().map(Into::into).collect(), next_cursor };
        serde_json::to_vec(&body).map_err(|_| Problem::internal("a page of operators has no JSON form"))
    })
    .await?;
    let tag = [(header::ETAG, entity_tag(page.generation))];
    if EntityTags::if_none_match(&headers).is_some_and(|tags| tags.match_weakly(page.generation)) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, [(header::CONTENT_TYPE, "application/json")], page.json).into_response())
}

/// Looks for operators by a contact's address, which has no place in a URL: URLs are logged and kept.
#[utoipa::path(post, path = "/api/operators/search", tag = "operators", request_body = ContactSearch, responses(
    (status = 200, description = "The operators with such a contact, at most 50", body = OperatorsBody),
    (status = 400, description = "That is no address", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<ContactSearch>,
) -> Result<Json<OperatorsBody>, Problem> {
    let found = operators::search(&app, &caller, &Email::parse(&body.email)?).await?;
    Ok(Json(OperatorsBody { operators: found.into_iter().map(Into::into).collect(), next_cursor: None }))
}

/// Adds an operator, with its contacts and services.
#[utoipa::path(post, path = "/api/operators", tag = "operators", request_body = OperatorDraft, responses(
    (status = 201, description = "Added", body = OperatorBody),
    (status = 400, description = "A member is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 403, description = "The caller's role has not the permission operators:write", body = ProblemBody),
    (status = 409, description = "Another operator has this name or external_id", body = ProblemBody),
    (status = 422, description = "A member is unknown, missing or of the wrong type", body = ProblemBody),
))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<OperatorDraft>,
) -> Result<Response, Problem> {
    let made = operators::create(&app, &caller, body.checked()?).await?;
    let place = [(header::LOCATION, format!("/api/operators/{}", made.id))];
    Ok((StatusCode::CREATED, place, body_of(made)).into_response())
}

/// One operator, with a version as `ETag`.
#[utoipa::path(get, path = "/api/operators/{id}", tag = "operators",
    params(
        ("id" = Uuid, Path, description = "The operator"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what is known already"),
    ),
    responses(
        (status = 200, description = "The operator", body = OperatorBody),
        (status = 304, description = "It is as it was"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such operator", body = ProblemBody),
    ))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = operators::read(&app, &caller, id).await?;
    if EntityTags::if_none_match(&headers).is_some_and(|tags| tags.match_weakly(found.version)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, entity_tag(found.version))]).into_response());
    }
    Ok(body_of(found))
}

/// Replaces an operator: what the body does not name goes back to its default. With `If-Match` only where it is still of
/// that version.
#[utoipa::path(put, path = "/api/operators/{id}", tag = "operators", request_body = OperatorDraft,
    params(
        ("id" = Uuid, Path, description = "The operator"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` the change is based on"),
    ),
    responses(
        (status = 200, description = "The operator as it is now", body = OperatorBody),
        (status = 400, description = "A member is not of its form, or If-Match no entity tag", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The caller's role has not the permission operators:write", body = ProblemBody),
        (status = 404, description = "There is no such operator", body = ProblemBody),
        (status = 409, description = "Another operator has this name or external_id", body = ProblemBody),
        (status = 412, description = "Somebody else has changed it meanwhile", body = ProblemBody),
        (status = 422, description = "A member is unknown, missing or of the wrong type", body = ProblemBody),
    ))]
pub(crate) async fn replace(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    headers: HeaderMap,
    JsonBody(body): JsonBody<OperatorDraft>,
) -> Result<Response, Problem> {
    let condition = EntityTags::if_match(&headers)?;
    let change = Change::Replace(Box::new(body.checked()?));
    operators::change(&app, &caller, id, change, condition.as_ref()).await.map(body_of)
}

/// Changes what is named of an operator. With `If-Match` only where it is still of that version.
#[utoipa::path(patch, path = "/api/operators/{id}", tag = "operators",
    params(
        ("id" = Uuid, Path, description = "The operator"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` the change is based on"),
    ),
    request_body(content((OperatorPatch = "application/merge-patch+json"), (OperatorPatch = "application/json"))),
    responses(
        (status = 200, description = "The operator as it is now", body = OperatorBody),
        (status = 400, description = "A member is not of its form, or If-Match no entity tag", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The caller's role has not the permission operators:write", body = ProblemBody),
        (status = 404, description = "There is no such operator", body = ProblemBody),
        (status = 409, description = "Another operator has this name or external_id", body = ProblemBody),
        (status = 412, description = "Somebody else has changed it meanwhile", body = ProblemBody),
        (status = 415, description = "The body is no JSON merge patch", body = ProblemBody),
        (status = 422, description = "A member is unknown, missing or of the wrong type", body = ProblemBody),
    ))]
pub(crate) async fn patch(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    headers: HeaderMap,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    let condition = EntityTags::if_match(&headers)?;
    operators::change(&app, &caller, id, Change::Patch(patch), condition.as_ref()).await.map(body_of)
}

/// Removes an operator with its contacts and services. With `If-Match` only where it is still of that version.
#[utoipa::path(delete, path = "/api/operators/{id}", tag = "operators",
    params(
        ("id" = Uuid, Path, description = "The operator"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` the removal is based on"),
    ),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The caller's role has not the permission operators:write", body = ProblemBody),
        (status = 404, description = "There is no such operator", body = ProblemBody),
        (status = 412, description = "Somebody else has changed it meanwhile", body = ProblemBody),
    ))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let condition = EntityTags::if_match(&headers)?;
    operators::delete(&app, &caller, id, condition.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn body_of(operator: Operator) -> Response {
    let tag = [(header::ETAG, entity_tag(operator.version))];
    (tag, Json(OperatorBody::from(operator))).into_response()
}
