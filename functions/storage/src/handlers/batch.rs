use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::http::{JsonBody, Problem, ProblemBody};
use shared::identity::Caller;
use utoipa::ToSchema;

use super::values::{StoredBody, etag, raw};
use crate::App;
use crate::domain::batch::{self, Got, KeyItem, SetItem};
use crate::domain::values::Opened;
use crate::model::{Condition, Key, Metadata, Value, items};

/// Values to store: all or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetManyBody {
    /// 1 to 100, each key once, 4 MB together.
    items: Vec<SetManyItem>,
}

/// A key and its value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetManyItem {
    /// 1 to 255 characters. Stored sealed.
    key: String,
    /// Any JSON up to 100 levels. Stored sealed.
    #[schema(value_type = Value)]
    value: Box<RawValue>,
    /// An object up to 8 KB. Stored in clear: no PHI belongs in it.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
    /// The etag the change is based on.
    #[schema(example = "\"7\"")]
    if_match: Option<String>,
    /// `*` to create only.
    if_none_match: Option<String>,
}

/// What was stored, in the order of the items.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoredManyBody {
    items: Vec<StoredBody>,
}

/// Keys to read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetManyBody {
    /// 1 to 100, each key once.
    items: Vec<GetManyItem>,
}

/// A key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetManyItem {
    key: String,
    /// The etag of what is known already.
    #[schema(example = "\"7\"")]
    if_none_match: Option<String>,
}

/// What there is, in the order of the items.
#[derive(Serialize, ToSchema)]
pub(crate) struct GotManyBody {
    items: Vec<GotItem>,
}

/// Whether a key's value is there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GotStatus {
    Found,
    NotFound,
    /// It is of the version that is known.
    NotModified,
    /// It is there, but the answer would be over 4 MB: ask for it again, with fewer others.
    LeftOff,
}

/// What there is under a key.
#[derive(Serialize, ToSchema)]
pub(crate) struct GotItem {
    key: String,
    status: GotStatus,
    /// The JSON as it was set, where it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    updated_at: Option<Timestamp>,
}

impl GotItem {
    fn new(key: String, got: Got) -> Result<Self, Problem> {
        let (status, version, opened) = match got {
            Got::NotFound => (GotStatus::NotFound, None, None),
            Got::LeftOff(version) => (GotStatus::LeftOff, Some(version), None),
            Got::NotModified(opened) => (GotStatus::NotModified, Some(opened.version), Some(opened)),
            Got::Found(opened) => (GotStatus::Found, Some(opened.version), Some(opened)),
        };
        let (mut value, mut metadata, mut time) = (None, None, None);
        if let Some(Opened { json, metadata: note, updated_at, .. }) = opened {
            value = json.map(|json| raw(&json)).transpose()?;
            metadata = note.map(Metadata::into_raw);
            time = Some(updated_at);
        }
        Ok(Self { key, status, value, version, etag: version.map(etag), metadata, updated_at: time })
    }
}

/// Keys to delete: all or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteManyBody {
    /// 1 to 100, each key once.
    items: Vec<DeleteManyItem>,
}

/// A key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteManyItem {
    key: String,
    /// The etag the change is based on.
    #[schema(example = "\"7\"")]
    if_match: Option<String>,
}

/// What was deleted, in the order of the items.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletedManyBody {
    items: Vec<DeletedItem>,
}

/// Whether a key was there.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletedItem {
    key: String,
    deleted: bool,
}

/// Stores up to 100 values: all of them, or none where one is refused. Each item carries its own condition.
#[utoipa::path(post, path = "/api/storage/batch/set", tag = "storage", request_body = SetManyBody, responses(
    (status = 200, description = "All are stored", body = StoredManyBody),
    (status = 400, description = "An item is not of its form; nothing is stored", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 409, description = "There are too many keys, or the storage is full; nothing is stored", body = ProblemBody),
    (status = 412, description = "A key is not of the version you know; nothing is stored", body = ProblemBody),
    (status = 413, description = "The body is over 4 MB, or metadata over 8 KB; nothing is stored", body = ProblemBody),
    (status = 422, description = "There are over 100 items, or a key stands twice; nothing is stored", body = ProblemBody),
))]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<SetManyBody>,
) -> Result<Json<StoredManyBody>, Problem> {
    let parse = |item: SetManyItem| {
        Ok(SetItem {
            key: Key::parse(item.key)?,
            value: Value::parse(item.value)?,
            metadata: item.metadata.map(Metadata::parse).transpose()?,
            condition: Condition::parse(item.if_match.as_deref(), item.if_none_match.as_deref())?,
        })
    };
    let items = items(body.items, parse, |item| &item.key)?;
    let stored = batch::set(&app, &caller, &items).await?;
    let items = items.into_iter().zip(&stored).map(|(item, stored)| StoredBody::new(item.key, stored)).collect();
    Ok(Json(StoredManyBody { items }))
}

/// The values under up to 100 keys, whose names stay out of the URL.
#[utoipa::path(post, path = "/api/storage/batch/get", tag = "storage", request_body = GetManyBody, responses(
    (status = 200, description = "What there is, item by item", body = GotManyBody),
    (status = 400, description = "An item is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 422, description = "There are over 100 items, or a key stands twice", body = ProblemBody),
))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<GetManyBody>,
) -> Result<Json<GotManyBody>, Problem> {
    let parse = |item: GetManyItem| {
        let condition = Condition::parse(None, item.if_none_match.as_deref())?;
        Ok(KeyItem { key: Key::parse(item.key)?, condition })
    };
    let items = items(body.items, parse, |item| &item.key)?;
    let keys: Vec<String> = items.iter().map(|item| item.key.as_str().to_owned()).collect();
    let got = batch::get(&app, &caller, items).await?;
    let items = keys.into_iter().zip(got).map(|(key, got)| GotItem::new(key, got)).collect::<Result<_, _>>()?;
    Ok(Json(GotManyBody { items }))
}

/// Deletes up to 100 keys: all of them, or none where a condition does not hold. A key that is not there is no mistake.
#[utoipa::path(post, path = "/api/storage/batch/delete", tag = "storage", request_body = DeleteManyBody, responses(
    (status = 200, description = "Which of them were there", body = DeletedManyBody),
    (status = 400, description = "An item is not of its form; nothing is deleted", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 412, description = "A key is not of the version you know; nothing is deleted", body = ProblemBody),
    (status = 422, description = "There are over 100 items, or a key stands twice; nothing is deleted", body = ProblemBody),
))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<DeleteManyBody>,
) -> Result<Json<DeletedManyBody>, Problem> {
    let parse = |item: DeleteManyItem| {
        let condition = Condition::parse(item.if_match.as_deref(), None)?;
        Ok(KeyItem { key: Key::parse(item.key)?, condition })
    };
    let items = items(body.items, parse, |item| &item.key)?;
    let deleted = batch::delete(&app, &caller, &items).await?;
    let items = items.into_iter().zip(deleted);
    let items = items.map(|(item, deleted)| DeletedItem { key: item.key.into_string(), deleted }).collect();
    Ok(Json(DeletedManyBody { items }))
}
