use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, PathId, Problem, ProblemBody};
use shared::identity::Caller;
use utoipa::ToSchema;

use crate::App;
use crate::domain::chats;
use crate::model::{Chat, Message, PatientId, Title};

/// A chat to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateChat {
    /// 1 to 200 characters. Stored sealed.
    title: String,
    /// Whom it is about: 1 to 255 characters. Stored sealed, found again by its blind index.
    patient_id: Option<String>,
}

/// Whom the wanted chats are about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchChats {
    patient_id: String,
}

/// Chats, the last used first; 200 at most.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatsBody {
    chats: Vec<Chat>,
}

/// A chat and its newest messages, 1,000 at most, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatBody {
    #[serde(flatten)]
    chat: Chat,
    messages: Vec<Message>,
}

/// Opens an empty chat owned by the caller.
#[utoipa::path(post, path = "/api/chats", tag = "chat", request_body = CreateChat, responses(
    (status = 201, description = "Opened", body = Chat),
    (status = 400, description = "The title or the patient id is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<CreateChat>,
) -> Result<(StatusCode, Json<Chat>), Problem> {
    let title = Title::parse(&body.title)?;
    let patient_id = body.patient_id.as_deref().map(PatientId::parse).transpose()?;
    let chat = chats::create(&app, &caller, &title, patient_id.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(chat)))
}

/// The caller's chats.
#[utoipa::path(get, path = "/api/chats", tag = "chat", responses(
    (status = 200, description = "The chats", body = ChatsBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<ChatsBody>, Problem> {
    Ok(Json(ChatsBody { chats: chats::list(&app, &caller).await? }))
}

/// The caller's chats about one patient. A POST: a patient's id never stands in a URL.
#[utoipa::path(post, path = "/api/chats/search", tag = "chat", request_body = SearchChats, responses(
    (status = 200, description = "The chats", body = ChatsBody),
    (status = 400, description = "The patient id is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<SearchChats>,
) -> Result<Json<ChatsBody>, Problem> {
    let patient_id = PatientId::parse(&body.patient_id)?;
    Ok(Json(ChatsBody { chats: chats::search(&app, &caller, &patient_id).await? }))
}

/// A chat with its messages.
#[utoipa::path(get, path = "/api/chats/{id}", tag = "chat", params(("id" = Uuid, Path, description = "The chat")),
    responses(
        (status = 200, description = "The chat", body = ChatBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such chat", body = ProblemBody),
    ))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<ChatBody>, Problem> {
    let (chat, messages) = chats::read(&app, &caller, id).await?;
    Ok(Json(ChatBody { chat, messages }))
}
