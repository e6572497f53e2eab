//! The answer on its way: relayed token by token, then stored and settled before the stream ends.

use std::pin::pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use serde::Serialize;
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::AuditEntry;
use shared::ledger::usage::{self, Outcome};
use tokio::sync::mpsc::Sender;
use utoipa::ToSchema;
use uuid::Uuid;

use super::sealing::seal_message;
use crate::App;
use crate::model::{Message, Speaker};
use crate::store::messages;
use crate::upstream::{Chunk, UpstreamError, Usage};

/// Longest answer, a minute under API Gateway's limit for a streamed response.
const LONGEST: Duration = Duration::from_mins(14);

/// An event of the answer's stream.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Event {
    /// `start`: the message is stored and the model has begun.
    Start { user_message_id: Uuid, assistant_message_id: Uuid, model: String },
    /// `delta`: the next token.
    Delta { text: String },
    /// `done`: the answer is complete and stored.
    Done { message: Message, usage: UsageBody },
    /// `error`: the answer is not complete and was not stored.
    Error { code: &'static str, title: &'static str, status: u16 },
}

impl Event {
    /// The event's name in the stream.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Delta { .. } => "delta",
            Self::Done { .. } => "done",
            Self::Error { .. } => "error",
        }
    }

    fn error(problem: &Problem) -> Self {
        let (code, title) = problem.summary();
        Self::Error { code, title, status: problem.status().as_u16() }
    }
}

/// What an answer took.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageBody {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    /// Billionths of a US dollar.
    cost_nano_dollars: u64,
}

/// What all steps of one exchange need.
pub(super) struct Exchange {
    pub(super) app: App,
    pub(super) caller: Caller,
    pub(super) chat_id: Uuid,
    pub(super) call_id: Uuid,
    pub(super) prompt_estimate: u64,
}

impl Exchange {
    pub(super) fn entry(&self, message_id: Uuid) -> AuditEntry {
        AuditEntry::by(&self.caller, "chat.message.create", "chat_messages", self.app.platform.now())
            .resource(message_id)
    }

    /// Settles by itself, where there is no answer to store. A failure is logged: the lease gives the tokens back.
    pub(super) async fn settle(&self, outcome: &Outcome) {
        let platform = &self.app.platform;
        let scope = platform.db.unaudited(self.caller.user_id());
        if let Err(error) = usage::settle(&scope, self.call_id, outcome, platform.now()).await {
            tracing::error!(%error, "a call could not be settled; its lease will give the reservation back");
        }
    }

    fn outcome(&self, usage: Option<Usage>, text: &str) -> Outcome {
        let counted = usage
            .unwrap_or_else(|| Usage { prompt_tokens: self.prompt_estimate, completion_tokens: estimate_tokens(text) });
        let price = self.app.upstream.settings.price;
        Outcome {
            prompt_tokens: counted.prompt_tokens,
            completion_tokens: counted.completion_tokens,
            estimated: usage.is_none(),
            cost_nano_dollars: price.cost(counted.prompt_tokens, counted.completion_tokens),
            counts: true,
        }
    }

    /// Stores the answer and settles the call in one transaction: both, or neither.
    async fn finish(&self, answer: &Message, outcome: &Outcome) -> Result<(), Problem> {
        let platform = &self.app.platform;
        let key = platform.vault.owner_key(&platform.db, self.caller.user_id()).await?;
        let sealed = seal_message(&key, answer)?;
        let mut connection = platform.db.connection().await?;
        let transaction = connection.begin(&self.entry(answer.id)).await?;
        usage::settle(&transaction, self.call_id, outcome, platform.now()).await?;
        messages::insert(&transaction, self.caller.user_id(), self.chat_id, &sealed).await?;
        Ok(transaction.commit().await?)
    }
}

/// Relays the answer, then stores and settles it. Whether the client still listens makes no difference.
pub(super) async fn relay(
    exchange: Exchange,
    user_message_id: Uuid,
    answer_id: Uuid,
    upstream: impl Stream<Item = Result<Chunk, UpstreamError>> + Send,
    events: Sender<Event>,
) {
    let model = exchange.app.upstream.settings.model.clone();
    // A client that has gone away is no error anywhere below.
    let _gone = events.send(Event::Start { user_message_id, assistant_message_id: answer_id, model }).await;
    let mut heard = Heard::default();
    let complete = tokio::time::timeout(LONGEST, heard.listen(upstream, &events))
        .await
        .unwrap_or(Err(UpstreamError::Broken("it took longer than 14 minutes")));
    let outcome = exchange.outcome(heard.usage, &heard.text);
    let last = match complete {
        Ok(()) => done(&exchange, answer_id, heard.text, &outcome).await,
        Err(error) => {
            exchange.settle(&outcome).await;
            Err(Problem::new(axum::http::StatusCode::BAD_GATEWAY, "upstream_failed", "The answer broke off")
                .source(error))
        }
    };
    let event = last.unwrap_or_else(|problem| {
        problem.log();
        Event::error(&problem)
    });
    let _gone = events.send(event).await;
}

async fn done(exchange: &Exchange, id: Uuid, content: String, outcome: &Outcome) -> Result<Event, Problem> {
    let message = Message { id, role: Speaker::Assistant, content, created_at: exchange.app.platform.now() };
    if let Err(problem) = exchange.finish(&message, outcome).await {
        exchange.settle(outcome).await;
        return Err(problem);
    }
    let usage = UsageBody {
        prompt_tokens: outcome.prompt_tokens,
        completion_tokens: outcome.completion_tokens,
        total_tokens: outcome.prompt_tokens + outcome.completion_tokens,
        cost_nano_dollars: outcome.cost_nano_dollars,
    };
    Ok(Event::Done { message, usage })
}

/// What came of the answer so far.
#[derive(Default)]
struct Heard {
    text: String,
    usage: Option<Usage>,
}

impl Heard {
    /// Listens to the end. A stream without its end mark is broken, however much came.
    async fn listen(
        &mut self,
        upstream: impl Stream<Item = Result<Chunk, UpstreamError>>,
        events: &Sender<Event>,
    ) -> Result<(), UpstreamError> {
        let mut upstream = pin!(upstream);
        while let Some(chunk) = upstream.next().await {
            match chunk? {
                Chunk::Text(text) => {
                    self.text.push_str(&text);
                    let _gone = events.send(Event::Delta { text }).await;
                }
                Chunk::Usage(usage) => self.usage = Some(usage),
                Chunk::Done => return Ok(()),
            }
        }
        Err(UpstreamError::Broken("it ended without its end mark"))
    }
}

/// A guess that is rather too high: a token for every three bytes, and what a message adds.
pub(super) fn estimate_tokens(text: &str) -> u64 {
    text.len().div_ceil(3) as u64 + 8
}
