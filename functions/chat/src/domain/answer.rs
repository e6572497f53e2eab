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
use crate::model::{AnswerUsage, Message, Speaker};
use crate::store::messages;
use crate::upstream::{Chunk, UpstreamError, Usage};

/// Longest answer, a minute under API Gateway's limit for a streamed response.
const LONGEST: Duration = Duration::from_mins(14);

/// How long an event may wait for the client to read.
const PATIENCE: Duration = Duration::from_secs(10);
/// More bytes than any token has that a model is likely to repeat.
const BYTES_PER_TOKEN: usize = 64;

/// An event of the answer's stream.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Event {
    /// `start`: the message is stored and the model has begun.
    Start { user_message_id: Uuid, assistant_message_id: Uuid, model: String },
    /// `delta`: the next token.
    Delta { text: String },
    /// `done`: the answer is complete and stored.
    Done { message: Message },
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

/// What all steps of one exchange need.
pub(super) struct Exchange {
    pub(super) app: App,
    pub(super) caller: Caller,
    pub(super) chat_id: Uuid,
    /// Id of the answer, and of the call in the ledger of usage: so an answer finds what it took.
    pub(super) answer_id: Uuid,
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
        if let Err(error) = usage::settle(&scope, self.answer_id, outcome, platform.now()).await {
            tracing::error!(%error, "a call could not be settled; its lease will give the reservation back");
        }
    }

    fn outcome(&self, usage: Option<Usage>, prompt_estimate: u64, text: &str) -> Outcome {
        let counted =
            usage.unwrap_or_else(|| Usage { prompt_tokens: prompt_estimate, completion_tokens: estimate_tokens(text) });
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
        usage::settle(&transaction, self.answer_id, outcome, platform.now()).await?;
        messages::insert(&transaction, self.caller.user_id(), self.chat_id, &sealed).await?;
        Ok(transaction.commit().await?)
    }
}

/// Relays the answer, then stores and settles it. Whether the client still listens makes no difference.
pub(super) async fn relay(
    exchange: Exchange,
    user_message_id: Uuid,
    prompt_estimate: u64,
    upstream: impl Stream<Item = Result<Chunk, UpstreamError>> + Send,
    events: Sender<Event>,
) {
    let mut client = Client(Some(events));
    let model = exchange.app.upstream.settings.model.clone();
    client.tell(Event::Start { user_message_id, assistant_message_id: exchange.answer_id, model }).await;
    let longest_text = BYTES_PER_TOKEN * exchange.app.upstream.settings.max_answer_tokens as usize;
    let mut heard = Heard::default();
    let complete = tokio::time::timeout(LONGEST, heard.listen(upstream, &mut client, longest_text))
        .await
        .unwrap_or(Err(UpstreamError::Broken("it took longer than 14 minutes")));
    let outcome = exchange.outcome(heard.usage, prompt_estimate, &heard.text);
    let last = match complete {
        Ok(()) => done(&exchange, heard.text, &outcome).await,
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
    client.tell(event).await;
}

async fn done(exchange: &Exchange, content: String, outcome: &Outcome) -> Result<Event, Problem> {
    let usage = AnswerUsage {
        model: exchange.app.upstream.settings.model.clone(),
        prompt_tokens: outcome.prompt_tokens,
        completion_tokens: outcome.completion_tokens,
        total_tokens: outcome.prompt_tokens.saturating_add(outcome.completion_tokens),
        cost_nano_dollars: outcome.cost_nano_dollars,
    };
    let created_at = exchange.app.platform.now();
    let message = Message { id: exchange.answer_id, role: Speaker::Assistant, content, created_at, usage: Some(usage) };
    if let Err(problem) = exchange.finish(&message, outcome).await {
        exchange.settle(outcome).await;
        return Err(problem);
    }
    Ok(Event::Done { message })
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
        client: &mut Client,
        longest_text: usize,
    ) -> Result<(), UpstreamError> {
        let mut upstream = pin!(upstream);
        while let Some(chunk) = upstream.next().await {
            match chunk? {
                Chunk::Text(text) => {
                    self.text.push_str(&text);
                    if self.text.len() > longest_text {
                        return Err(UpstreamError::Broken("it is longer than was asked for"));
                    }
                    client.tell(Event::Delta { text }).await;
                }
                Chunk::Usage(usage) => self.usage = Some(usage),
                Chunk::Done => return Ok(()),
            }
        }
        Err(UpstreamError::Broken("it ended without its end mark"))
    }
}

/// The client, as long as it reads.
struct Client(Option<Sender<Event>>);

impl Client {
    /// Passes an event on. A client that has gone away or does not read is not told anything any more; the answer
    /// does not wait for it.
    async fn tell(&mut self, event: Event) {
        if let Some(events) = &self.0
            && events.send_timeout(event, PATIENCE).await.is_err()
        {
            self.0 = None;
        }
    }
}

/// Tokens a text has at most: every tokenizer in use makes at most one of a byte. And what a message adds.
pub(super) fn most_tokens(text: &str) -> u64 {
    text.len() as u64 + 8
}

/// Tokens a text is likely to have, for a provider that does not say: one for every three bytes.
pub(super) fn estimate_tokens(text: &str) -> u64 {
    text.len().div_ceil(3) as u64 + 8
}
