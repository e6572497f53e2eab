//! One exchange: the user's message, the reservation, the provider's answer, the settlement.

use axum::http::{HeaderValue, StatusCode, header};
use futures_util::Stream;
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::AuditEntry;
use shared::ledger::usage::{self, Day, Outcome, Wanted};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::answer::{self, Exchange};
use super::sealing::{open_messages, seal_message};
use crate::App;
use crate::domain::answer::Event;
use crate::model::{Content, Message, Speaker};
use crate::store::messages;
use crate::upstream::UpstreamError;

/// How many of the last messages the model is shown.
const MEMORY: i64 = 40;

/// Stores the message, asks the model, and gives the events of the answer as they come.
///
/// The answer is stored and the quota settled by a task of its own, so that a client that goes away changes nothing.
/// The stream ends only after that: in Lambda nothing runs once it has ended.
pub(crate) async fn begin(
    app: &App,
    caller: Caller,
    chat_id: Uuid,
    content: Content,
) -> Result<impl Stream<Item = Event> + Send + use<>, Problem> {
    let mut history = history(app, &caller, chat_id).await?;
    let said = Message {
        id: app.platform.new_id()?,
        role: Speaker::User,
        content: content.into_string(),
        created_at: app.platform.now(),
    };
    history.push(said.clone());
    let prompt_estimate = history.iter().map(|message| answer::estimate_tokens(&message.content)).sum();
    let call_id = reserve(app, &caller, prompt_estimate).await?;
    let exchange = Exchange { app: app.clone(), caller, chat_id, call_id, prompt_estimate };

    let begun = async {
        store_said(&exchange, &said).await?;
        exchange.app.upstream.ask(&history).await.map_err(refused)
    };
    let upstream = match begun.await {
        Ok(upstream) => upstream,
        Err(problem) => {
            exchange.settle(&Outcome::REFUSED).await;
            return Err(problem);
        }
    };
    let answer_id = exchange.app.platform.new_id()?;
    let (events, received) = mpsc::channel(64);
    tokio::spawn(answer::relay(exchange, said.id, answer_id, upstream, events));
    Ok(futures_util::stream::unfold(received, async |mut received| {
        received.recv().await.map(|event| (event, received))
    }))
}

/// The chat's last messages, opened.
async fn history(app: &App, caller: &Caller, chat_id: Uuid) -> Result<Vec<Message>, Problem> {
    let platform = &app.platform;
    let entry = AuditEntry::by(caller, "chat.messages.read", "chat_sessions", platform.now()).resource(chat_id);
    let scope = platform.db.scoped(entry);
    let sealed = messages::of_chat(&scope, chat_id, MEMORY).await?.ok_or_else(Problem::not_found)?;
    open_messages(platform, caller.user_id(), sealed).await
}

/// Sets aside what the call can take at most; what killed calls held is given back before a refusal.
async fn reserve(app: &App, caller: &Caller, prompt_estimate: u64) -> Result<Uuid, Problem> {
    let (platform, upstream) = (&app.platform, &app.upstream.settings);
    let (now, user_id) = (platform.now(), caller.user_id());
    let wanted = Wanted {
        id: platform.new_id()?,
        user_id,
        model: &upstream.model,
        tokens: prompt_estimate + u64::from(upstream.max_answer_tokens),
    };
    let scope = platform.db.unaudited(user_id);
    let quota = platform.settings.quota;
    let reserved = usage::reserve(&scope, &wanted, quota, now).await?
        || (usage::release_lapsed(&scope, user_id, now).await? && usage::reserve(&scope, &wanted, quota, now).await?);
    if reserved {
        return Ok(wanted.id);
    }
    let seconds = Day::at(now).ends_at.duration_since(now).as_secs() + 1;
    Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "quota_exceeded", "Today's quota does not hold this call")
        .detail("It begins anew at midnight UTC. GET /api/usage says what is left.")
        .header(header::RETRY_AFTER, HeaderValue::from(seconds)))
}

async fn store_said(exchange: &Exchange, said: &Message) -> Result<(), Problem> {
    let platform = &exchange.app.platform;
    let key = platform.vault.owner_key(&platform.db, exchange.caller.user_id()).await?;
    let sealed = seal_message(&key, said)?;
    let scope = platform.db.scoped(exchange.entry(said.id));
    if messages::insert(&scope, exchange.caller.user_id(), exchange.chat_id, &sealed).await? {
        Ok(())
    } else {
        Err(Problem::not_found())
    }
}

fn refused(error: UpstreamError) -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, "upstream_failed", "The model did not answer")
        .detail("Your message is stored and nothing was charged. Try again in a moment.")
        .source(error)
}
