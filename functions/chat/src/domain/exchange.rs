//! One exchange: the user's message, the reservation, the provider's answer, the settlement.

use axum::http::{HeaderValue, StatusCode, header};
use futures_util::Stream;
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::AuditEntry;
use shared::ledger::usage::{self, Day, Outcome, Wanted};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::answer::{self, Exchange};
use super::sealing::{open_messages, seal_message};
use crate::App;
use crate::domain::answer::Event;
use crate::model::{Content, Message, Speaker};
use crate::store::messages;
use crate::upstream::{Chunk, UpstreamError};

/// How many of the last messages the model is shown.
const MEMORY: i64 = 40;
/// And how many bytes of them: a long chat must not outgrow the quota.
const LONGEST_MEMORY: usize = 24_000;

/// Stores the message, asks the model, and gives the events of the answer as they come.
///
/// From the reservation on, a task of its own does the work: a client that goes away, at whatever moment, neither
/// escapes the charge nor loses the answer. The stream ends only after the answer is stored and settled: in Lambda
/// nothing runs once it has ended.
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
        usage: None,
    };
    history.push(said);
    let exchange = Exchange { app: app.clone(), caller, chat_id, answer_id: app.platform.new_id()? };
    let (begun, beginning) = oneshot::channel();
    tokio::spawn(carry_out(exchange, history, begun));
    let received = beginning.await.map_err(|_| Problem::internal("an exchange ended without a word"))??;
    Ok(futures_util::stream::unfold(received, async |mut received| {
        received.recv().await.map(|event| (event, received))
    }))
}

/// Reserves, stores what was said, asks, and tells the handler what came of it; then relays the answer.
async fn carry_out(
    exchange: Exchange,
    mut history: Vec<Message>,
    begun: oneshot::Sender<Result<mpsc::Receiver<Event>, Problem>>,
) {
    forget_oldest(&mut history);
    // A client that has gone away is no error.
    match ask(&exchange, &history).await {
        Err(problem) => {
            let _gone = begun.send(Err(problem));
        }
        Ok((said, upstream)) => {
            let (events, received) = mpsc::channel(64);
            let _gone = begun.send(Ok(received));
            let estimate = history.iter().map(|message| answer::estimate_tokens(&message.content)).sum();
            answer::relay(exchange, said, estimate, upstream, events).await;
        }
    }
}

/// Reserves, stores what was said and asks; gives the id of what was said and the answer as it comes.
async fn ask(
    exchange: &Exchange,
    history: &[Message],
) -> Result<(Uuid, impl Stream<Item = Result<Chunk, UpstreamError>> + Send + use<>), Problem> {
    reserve(exchange, history).await?;
    let asked = async {
        let said = history.last().ok_or_else(|| Problem::internal("nothing was said"))?;
        // At once: the provider thinks while the message is stored.
        let (stored, answer) = tokio::join!(store_said(exchange, said), exchange.app.upstream.ask(history));
        stored?;
        let answer = answer.map_err(refused)?;
        Ok((said.id, answer))
    };
    let asked = asked.await;
    if asked.is_err() {
        exchange.settle(&Outcome::REFUSED).await;
    }
    asked
}

/// Leaves as many of the newest messages as the model is to be shown; the last one always stays.
fn forget_oldest(history: &mut Vec<Message>) {
    let mut length = 0;
    let kept = history.iter().rev().take_while(|message| {
        length += message.content.len();
        length <= LONGEST_MEMORY
    });
    let kept = kept.count().max(1);
    history.drain(..history.len().saturating_sub(kept));
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
async fn reserve(exchange: &Exchange, history: &[Message]) -> Result<(), Problem> {
    let (platform, upstream) = (&exchange.app.platform, &exchange.app.upstream.settings);
    let (now, user_id) = (platform.now(), exchange.caller.user_id());
    let prompt: u64 = history.iter().map(|message| answer::most_tokens(&message.content)).sum();
    let wanted = Wanted {
        id: exchange.answer_id,
        user_id,
        model: &upstream.model,
        tokens: prompt + u64::from(upstream.max_answer_tokens),
    };
    let scope = platform.db.unaudited(user_id);
    let quota = platform.settings.quota;
    let reserved = usage::reserve(&scope, &wanted, quota, now).await?
        || (usage::release_lapsed(&scope, user_id, now).await? && usage::reserve(&scope, &wanted, quota, now).await?);
    if reserved {
        return Ok(());
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
