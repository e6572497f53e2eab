//! What the model says.

use super::request::{ChatRequest, tokens};
use crate::fingerprint::Fingerprint;

/// How much of a question the answer repeats.
const QUOTED_WORDS: usize = 10;

const OPENINGS: [&str; 3] = [
    "Hello! I am ward-local, the small model that comes with Ward.",
    "Thank you for writing. This is ward-local, the model built into Ward for development.",
    "Good to hear from you: ward-local here, the model that needs no key.",
];

const CLOSINGS: [&str; 3] = [
    "I don't reason, I only reflect; yet each of these words reached you as a token of its own. \
     Set OPENAI_API_KEY, and a model that thinks answers here.",
    "I can't tell you more than that, but the way my words came, one by one, is the real one. \
     With OPENAI_API_KEY set, a real model takes my place.",
    "There is no wisdom in me, only a steady stream of tokens, so that everything around me can be tried. \
     For wisdom, set OPENAI_API_KEY.",
];

/// An answer and what it used.
#[derive(Debug)]
pub(super) struct Answer {
    /// The tokens; all but the first begin with a space.
    pub tokens: Vec<String>,
    pub prompt_tokens: usize,
    /// The answer had more tokens than it was allowed.
    pub cut_off: bool,
    /// Differs with the question, and not otherwise.
    pub fingerprint: u64,
}

impl Answer {
    /// Answers a request: the same words for the same question.
    pub fn to(request: &ChatRequest) -> Self {
        let fingerprint = Fingerprint::new().with(request.question.as_bytes()).value();
        let text = text(&request.question, fingerprint);
        let wanted = tokens(&text);
        let allowed = request.max_tokens.map_or(wanted, |limit| limit.min(wanted));
        let pieces = text.split_whitespace().take(allowed).enumerate();
        Self {
            tokens: pieces.map(|(at, piece)| if at == 0 { piece.to_owned() } else { format!(" {piece}") }).collect(),
            prompt_tokens: request.prompt_tokens,
            cut_off: allowed < wanted,
            fingerprint,
        }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.tokens.concat()
    }
}

fn text(question: &str, fingerprint: u64) -> String {
    format!("{} {} {}", pick(&OPENINGS, fingerprint), reflect(question), pick(&CLOSINGS, fingerprint >> 8))
}

fn pick(choices: &[&'static str; 3], seed: u64) -> &'static str {
    match seed % 3 {
        0 => choices[0],
        1 => choices[1],
        _ => choices[2],
    }
}

fn reflect(question: &str) -> String {
    let words: Vec<&str> = question.split_whitespace().collect();
    let verb = if question.trim_end().ends_with('?') { "asked" } else { "wrote" };
    match words.len() {
        0 => "You wrote nothing I could read.".to_owned(),
        count if count > QUOTED_WORDS => {
            format!(
                "You {verb} {count} words, beginning with \u{201c}{} \u{2026}\u{201d}.",
                words[..QUOTED_WORDS].join(" ")
            )
        }
        _ => format!("You {verb}: \u{201c}{}\u{201d}.", words.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_30_to_60_tokens_and_reflects_the_question() {
        let long = "word ".repeat(200);
        for question in ["", "Hi", "What is the capital of France?", &long, "α β γ", "x\n\ny"] {
            for seed in [0, 1, 2, 256, 257, 258, 512] {
                let text = text(question, seed);
                assert!((30..=60).contains(&tokens(&text)), "{} tokens: {text}", tokens(&text));
            }
        }
        assert!(text("What is\nup?", 0).contains("You asked: “What is up?”."));
        assert!(text(&long, 0).contains("200 words"));
    }
}
