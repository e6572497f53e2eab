//! The order of tries: a provider until it takes the letter or its tries are used up, then the next.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::clock::Random;
use tokio::time::{Instant, sleep, timeout};

use super::provider::{Letter, Provider, Receipt, SendError};

/// Pauses before the second and the third try of a provider, before jitter.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];

/// How a courier spends time.
#[derive(Clone)]
pub(crate) struct Pace {
    /// Longest call of a provider.
    pub(crate) call: Duration,
    /// Longest time for all tries together: API Gateway gives up after 29 s.
    pub(crate) total: Duration,
    /// Waits.
    pub(crate) pause: Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>,
}

impl Default for Pace {
    fn default() -> Self {
        let (call, total) = (super::CALL_LIMIT, Duration::from_secs(20));
        Self { call, total, pause: Arc::new(|duration| sleep(duration).boxed()) }
    }
}

/// The providers of one channel, in the order they are tried.
pub(crate) struct Courier<A> {
    pub(crate) providers: Vec<Box<dyn Provider<A>>>,
    pub(crate) pace: Pace,
}

impl<A> Courier<A> {
    /// Begins to deliver a letter; nothing is sent before [`Round::next`].
    pub(crate) fn round<'a>(&'a self, letter: &'a Letter<A>, random: &'a Random) -> Round<'a, A> {
        Round { courier: self, letter, random, began: Instant::now(), next: 0, attempts: 0 }
    }
}

/// A letter's way through the providers.
pub(crate) struct Round<'a, A> {
    courier: &'a Courier<A>,
    letter: &'a Letter<A>,
    random: &'a Random,
    began: Instant,
    next: usize,
    attempts: i16,
}

/// What came of one provider.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Its name.
    pub(crate) provider: &'static str,
    /// Tries so far, those of the providers before it included.
    pub(crate) attempts: i16,
    /// Its answer to the last of them.
    pub(crate) result: Result<Receipt, SendError>,
    /// Whether no other provider is tried.
    pub(crate) last: bool,
}

impl<A> Round<'_, A> {
    /// Tries the next provider to its end; `None` where there is none.
    pub(crate) async fn next(&mut self) -> Option<Outcome> {
        let provider = self.courier.providers.get(self.next)?;
        self.next += 1;
        let mut result = self.attempt(&**provider).await;
        for pause in PAUSES {
            match &result {
                Err(error) if error.transient && self.has_time() => {}
                _ => break,
            }
            (self.courier.pace.pause)(jittered(pause, self.random)).await;
            result = self.attempt(&**provider).await;
        }
        let last = result.is_ok() || self.next == self.courier.providers.len() || !self.has_time();
        Some(Outcome { provider: provider.name(), attempts: self.attempts, result, last })
    }

    async fn attempt(&mut self, provider: &dyn Provider<A>) -> Result<Receipt, SendError> {
        self.attempts += 1;
        timeout(self.courier.pace.call, provider.send(self.letter))
            .await
            .unwrap_or_else(|_| Err(SendError::transient("the provider took too long")))
    }

    /// Whether another call would end in time.
    fn has_time(&self) -> bool {
        self.began.elapsed() + self.courier.pace.call <= self.courier.pace.total
    }
}

/// Half of the pause to one and a half of it: those who failed together don't come back together.
fn jittered(pause: Duration, random: &Random) -> Duration {
    let share = random.bytes().map_or(128, |[byte]| u32::from(byte));
    pause / 2 + pause * share / 255
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use uuid::Uuid;

    use super::*;
    use crate::delivery::content::Content;

    /// A provider that answers as it is told to; with nothing left to answer, it is silent.
    struct Fake {
        name: &'static str,
        answers: Mutex<VecDeque<Result<Receipt, SendError>>>,
    }

    impl Provider<()> for Fake {
        fn name(&self) -> &'static str {
            self.name
        }

        fn send<'a>(&'a self, _: &'a Letter<()>) -> BoxFuture<'a, Result<Receipt, SendError>> {
            match self.answers.lock().unwrap().pop_front() {
                Some(answer) => std::future::ready(answer).boxed(),
                None => std::future::pending().boxed(),
            }
        }
    }

    type Pauses = Arc<Mutex<Vec<Duration>>>;

    fn courier(answers: &[&[&'static str]]) -> (Courier<()>, Pauses) {
        let pauses = Pauses::default();
        let seen = Arc::clone(&pauses);
        let pause = Arc::new(move |duration| {
            seen.lock().unwrap().push(duration);
            std::future::ready(()).boxed()
        });
        let pace = Pace { call: Duration::from_millis(5), total: Duration::from_mins(1), pause };
        let provider = |(name, answers): (_, &&[&str])| -> Box<dyn Provider<()>> {
            Box::new(Fake { name, answers: Mutex::new(answers.iter().copied().map(answer).collect()) })
        };
        let providers = ["first", "second"].into_iter().zip(answers).map(provider).collect();
        (Courier { providers, pace }, pauses)
    }

    /// Provider, tries so far, answer, and whether it was the last.
    type Seen = (&'static str, i16, Result<Receipt, SendError>, bool);

    async fn outcomes(courier: &Courier<()>) -> Vec<Seen> {
        let content = Content { template: "code", subject: String::new(), body: Vec::new(), sms: String::new() };
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        let (letter, random) = (Letter { id: Uuid::nil(), at, to: (), content }, Random::default());
        let mut round = courier.round(&letter, &random);
        let mut outcomes = Vec::new();
        while let Some(outcome) = round.next().await {
            let last = outcome.last;
            outcomes.push((outcome.provider, outcome.attempts, outcome.result, last));
            if last {
                break;
            }
        }
        outcomes
    }

    fn answer(answer: &str) -> Result<Receipt, SendError> {
        match answer {
            "taken" => Ok(Receipt::new("id")),
            "busy" => Err(SendError::transient("busy")),
            reason => Err(SendError::permanent(reason.to_owned())),
        }
    }

    #[tokio::test]
    async fn what_is_taken_at_once_is_tried_once() {
        let (courier, pauses) = courier(&[&["taken"], &["taken"]]);
        assert_eq!(outcomes(&courier).await, [("first", 1, answer("taken"), true)]);
        assert!(pauses.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_transient_failure_is_tried_twice_more_with_longer_pauses_and_then_elsewhere() {
        let (courier, pauses) = courier(&[&["busy", "busy", "busy"], &["busy", "taken"]]);
        assert_eq!(
            outcomes(&courier).await,
            [("first", 3, answer("busy"), false), ("second", 5, answer("taken"), true)]
        );
        let pauses = pauses.lock().unwrap();
        assert_eq!(pauses.len(), 3);
        for (pause, base) in pauses.iter().zip([200, 600, 200]) {
            let range = Duration::from_millis(base / 2)..=Duration::from_millis(base * 3 / 2);
            assert!(range.contains(pause), "{pause:?}");
        }
    }

    #[tokio::test]
    async fn a_permanent_failure_goes_to_the_next_provider_at_once() {
        let (courier, pauses) = courier(&[&["refused"], &["refused"]]);
        assert_eq!(
            outcomes(&courier).await,
            [("first", 1, answer("refused"), false), ("second", 2, answer("refused"), true)]
        );
        assert!(pauses.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_silent_provider_is_given_up_and_so_is_the_letter_when_time_is_out() {
        let silent = || Err(SendError::transient("the provider took too long"));
        let (mut courier, _) = courier(&[&[], &["taken"]]);
        assert_eq!(outcomes(&courier).await, [("first", 3, silent(), false), ("second", 4, answer("taken"), true)]);
        courier.pace.total = courier.pace.call * 3 / 2;
        assert_eq!(outcomes(&courier).await, [("first", 1, silent(), true)]);
    }
}
