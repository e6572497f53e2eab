use std::fmt::Write;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{IdCursor, JsonBody, Problem, ProblemBody, QueryParams};
use shared::identity::Caller;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::App;
use crate::domain::consents;
use crate::model::{ConsentText, Purpose};
use crate::store::consents::Consent;

const USUAL_PAGE: i64 = 20;
const LARGEST_PAGE: i64 = 100;

/// Which part of the history.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentsQuery {
    /// How much of the history at most: 1 to 100, 20 where it is not said.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The caller's consents.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentsBody {
    /// What holds now, by purpose: the last that was decided about each.
    consents: Vec<ConsentBody>,
    /// A page of everything that was decided, the newest first.
    history: Vec<ConsentBody>,
    /// Where the next page of the history begins; nothing on the last one.
    next_cursor: Option<String>,
}

/// A consent that was given or withdrawn.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentBody {
    id: Uuid,
    purpose: String,
    /// Of the text.
    version: String,
    /// SHA-256 of the text, in hexadecimal.
    text_sha256: String,
    /// The text's language.
    locale: Option<String>,
    state: ConsentState,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The request that decided it.
    request_id: Uuid,
}

/// What was decided.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ConsentState {
    Given,
    Withdrawn,
}

impl From<Consent> for ConsentBody {
    fn from(consent: Consent) -> Self {
        let text_sha256 = consent.text_hash.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _infallible = write!(text, "{byte:02x}");
            text
        });
        Self {
            id: consent.id,
            purpose: consent.purpose,
            version: consent.version,
            text_sha256,
            locale: consent.locale,
            state: if consent.given { ConsentState::Given } else { ConsentState::Withdrawn },
            at: consent.at,
            request_id: consent.request_id,
        }
    }
}

/// A consent to give.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentRequest {
    /// What it is for: 1 to 64 lower-case letters, digits and `-` `_` `.`. It stands in URLs: never write a person's name.
    #[schema(example = "research")]
    purpose: String,
    /// Of the text that was shown: 1 to 32 letters, digits and `-` `_` `.`.
    #[schema(example = "2.1")]
    version: String,
    /// SHA-256 of that text, in hexadecimal.
    text_sha256: String,
    /// Its language.
    #[schema(example = "pt-BR")]
    locale: Option<String>,
}

/// What the caller has consented to, and how that came about.
#[utoipa::path(get, path = "/api/account/consents", tag = "account", params(ConsentsQuery), responses(
    (status = 200, description = "The consents", body = ConsentsBody),
    (status = 400, description = "A parameter is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    QueryParams(query): QueryParams<ConsentsQuery>,
) -> Result<Json<ConsentsBody>, Problem> {
    let limit = query.limit.unwrap_or(USUAL_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::bad_request("invalid_limit", "A page has 1 to 100 decisions"));
    }
    let behind = query.cursor.map(|cursor| IdCursor::parse(&cursor)).transpose()?;
    let found = consents::list(&app, &caller, behind, limit).await?;
    Ok(Json(ConsentsBody {
        consents: found.current.into_iter().map(Into::into).collect(),
        history: found.history.into_iter().map(Into::into).collect(),
        next_cursor: found.next.map(IdCursor::text),
    }))
}

/// Gives a consent. Repeated with the same text it changes nothing.
#[utoipa::path(post, path = "/api/account/consents", tag = "account", request_body = ConsentRequest, responses(
    (status = 200, description = "The consent as it holds", body = ConsentBody),
    (status = 400, description = "A member is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 409, description = "There are consents to 50 purposes already", body = ProblemBody),
))]
pub(crate) async fn give(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<ConsentRequest>,
) -> Result<Json<ConsentBody>, Problem> {
    let purpose = Purpose::parse(&body.purpose)?;
    let text = ConsentText::parse(&body.version, &body.text_sha256, body.locale.as_deref())?;
    Ok(Json(consents::give(&app, &caller, &purpose, text).await?.into()))
}

/// Withdraws a consent. What was done before stays lawful, and the history stays. Repeated it changes nothing.
#[utoipa::path(delete, path = "/api/account/consents/{purpose}", tag = "account",
    params(("purpose" = String, Path, description = "What the consent is for")),
    responses(
        (status = 200, description = "The consent as it was withdrawn", body = ConsentBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "No consent to this was ever given", body = ProblemBody),
    ))]
pub(crate) async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    purpose: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Json<ConsentBody>, Problem> {
    let named = purpose.ok().and_then(|Path(purpose)| Purpose::parse(&purpose).ok());
    let purpose = named.ok_or_else(Problem::not_found)?;
    Ok(Json(consents::withdraw(&app, &caller, &purpose).await?.into()))
}
