//! What a new password has to be.

use shared::config::Passwords;
use shared::http::Problem;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_public_assigned;
use zeroize::Zeroizing;
use zxcvbn::{Entropy, zxcvbn};

use super::Password;
use super::advice::{NAMED, advice, is_common};
use super::pool::Pool;

/// Characters that are scored. zxcvbn's time grows with their square and with the ways in which signs may stand for
/// letters: at worst 0.1 s for 40 of them, 0.9 s for 100. A password is at least as hard to guess as its beginning.
const SCORED: usize = 40;

/// Bounds on what is known of a person.
const LONGEST_WORD: usize = 64;
const MOST_WORDS: usize = 64;

/// The rules of NIST SP 800-63B-4, section 3.1.1.2: length, and a comparison with what is common or expected. There is
/// no rule on which kinds of characters to use.
///
/// The blocklist NIST asks for is zxcvbn's: 30,000 common passwords from breaches, words, names and patterns, and
/// beside them the user's own names and addresses and the application's. A password that is on the list of common ones
/// is refused whatever score is asked for.
#[derive(Clone)]
pub struct Policy {
    pool: Pool,
    shortest: usize,
    shortest_with_second_factor: usize,
    score: u8,
    application: Vec<String>,
}

impl Policy {
    /// The settings' policy for the application of these names. Scoring takes its turn in the pool.
    pub fn new(settings: &Passwords, application: &[&str], pool: Pool) -> Self {
        Self {
            pool,
            shortest: settings.shortest,
            shortest_with_second_factor: settings.shortest_with_second_factor,
            score: settings.score,
            application: words(application),
        }
    }

    /// Judges a new password of the user with these names and addresses.
    ///
    /// # Errors
    /// 400 `password_too_short`, `password_unassigned` or `password_too_weak`, with what to do in its detail; 503 `busy`.
    pub async fn check(&self, password: &Password, about: &[&str], second_factor: bool) -> Result<(), Problem> {
        let shortest = if second_factor { self.shortest_with_second_factor } else { self.shortest };
        if password.characters() < shortest {
            return Err(Problem::bad_request("password_too_short", "The password is too short")
                .detail(format!("Use at least {shortest} characters. A few words are easy to remember.")));
        }
        // The stabilized strings of UAX #15: what an unassigned one normalises to is not settled.
        if password.text().chars().any(|character| !is_public_assigned(character) && !is_private(character)) {
            return Err(Problem::bad_request("password_unassigned", "The password holds an unknown character")
                .detail("Unicode has not assigned one of its characters yet. Use others."));
        }
        let (password, score) = (password.clone(), self.score);
        let personal: Vec<String> = words(about).into_iter().chain(self.application.iter().cloned()).collect();
        let weakness = self.pool.run(move |_| weakness(&password, &personal, score)).await?;
        match weakness {
            None => Ok(()),
            Some(advice) => {
                Err(Problem::bad_request("password_too_weak", "The password is too easy to guess").detail(advice))
            }
        }
    }

    /// Whether a password is long enough without a second factor.
    pub fn suffices_alone(&self, password: &Password) -> bool {
        password.characters() >= self.shortest
    }

    /// 400 `password_reused`: the user had it before.
    pub fn reused() -> Problem {
        Problem::bad_request("password_reused", "This password was in use before")
            .detail(format!("Use one that is none of your last {}.", super::REMEMBERED))
    }
}

/// What to do about a password that is too weak.
pub(crate) fn weakness(password: &Password, personal: &[String], score: u8) -> Option<String> {
    let beginning = beginning_of(password.text());
    let known: Vec<&str> = personal.iter().map(String::as_str).collect();
    let weak = |entropy: &Entropy| u8::from(entropy.score()) < score || is_common(entropy);
    let entropy = zxcvbn(&beginning, &known);
    if weak(&entropy) {
        return Some(advice(&entropy, personal));
    }
    // Two names with a sign between them have a high score: zxcvbn takes it for work to find out that they are two.
    let rest = beginning_of(&without(password.text(), personal)?);
    let entropy = zxcvbn(&rest, &known);
    weak(&entropy).then(|| format!("{NAMED} {}", advice(&entropy, personal)))
}

fn beginning_of(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.chars().take(SCORED).collect())
}

/// What is left of a password without the words, where it holds any.
fn without(password: &str, words: &[String]) -> Option<Zeroizing<String>> {
    let mut rest = Zeroizing::new(password.to_lowercase());
    let mut words: Vec<&String> = words.iter().collect();
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let mut holds = false;
    for word in words {
        if rest.contains(word.as_str()) {
            rest = Zeroizing::new(rest.replace(word.as_str(), ""));
            holds = true;
        }
    }
    holds.then_some(rest)
}

/// The texts and the words in them, as zxcvbn looks for them. Two letters are in everything.
pub(crate) fn words(texts: &[&str]) -> Vec<String> {
    let texts = texts.iter().map(|text| text.nfc().take(LONGEST_WORD).collect::<String>().to_lowercase());
    let words = texts.flat_map(|text| {
        let parts: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
        std::iter::once(text).chain(parts)
    });
    words.filter(|word| word.chars().count() > 2).take(MOST_WORDS).collect()
}

fn is_private(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::response::IntoResponse;
    use proptest::prelude::*;
    use shared::http::ProblemBody;

    use super::super::SETTINGS;
    use super::*;

    const ADA: [&str; 3] = ["ada", "Ada Lovelace", "ada.byron1815@analytical.example"];

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).ok().unwrap()
    }

    async fn check(settings: &Passwords, text: &str, second_factor: bool) -> Result<(), (String, String)> {
        let policy = Policy::new(settings, &["ward", "Speechworks Studio"], Pool::new(settings));
        let Err(problem) = policy.check(&password(text), &ADA, second_factor).await else { return Ok(()) };
        let body = to_bytes(problem.into_response().into_body(), 4_096).await.unwrap();
        let body: ProblemBody = serde_json::from_slice(&body).unwrap();
        let detail = body.detail.unwrap();
        assert!(!detail.to_lowercase().contains(&text.to_lowercase()), "{detail}");
        Err((body.code, detail))
    }

    async fn refused(text: &str) -> (String, String) {
        check(&SETTINGS, text, false).await.unwrap_err()
    }

    #[tokio::test]
    async fn length_is_counted_in_code_points_and_depends_on_the_second_factor() {
        let text = "\u{1f9ea}kz\u{e9}7 vqm\u{4e95}x9 \u{df}";
        assert_eq!(text.chars().count(), 14);
        assert_eq!(refused(text).await.0, "password_too_short");
        assert_eq!(check(&SETTINGS, &format!("{text}w"), false).await, Ok(()));
        assert_eq!(check(&SETTINGS, text, true).await, Ok(()));
        assert_eq!(check(&SETTINGS, "kz7 vqm", true).await.unwrap_err().0, "password_too_short");
        // Fifteen sent, fourteen once normalised.
        assert_eq!(refused(&text.replace('\u{e9}', "e\u{301}")).await.0, "password_too_short");
    }

    #[tokio::test]
    async fn long_passphrases_pass_without_signs_or_digits() {
        for text in ["correct horse battery staple", "the warm sun over quiet harbours", "ёлка растёт у синего причала"]
        {
            assert_eq!(check(&SETTINGS, text, false).await, Ok(()), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_easy_to_guess_is_refused_with_advice() {
        for (text, reason) in [
            ("aaaaaaaaaaaaaaaa", "A character many times over is easy to guess."),
            ("passwordpassword", "A part many times over is hardly harder to guess than the part."),
            ("qwertyuiopasdfgh", "It is much like a common password."),
            ("ada lovelace 1815", "It holds a name or an address of yours, or the application's name."),
            ("speechworksstudio", "It holds a name or an address of yours, or the application's name."),
            ("analyticalanalytical", "A part many times over"),
        ] {
            let (code, detail) = refused(text).await;
            assert_eq!(code, "password_too_weak", "{text}");
            assert!(detail.contains(reason), "{text}: {detail}");
            assert!(detail.contains("Add a word or two; uncommon ones are better."), "{detail}");
        }
    }

    #[tokio::test]
    async fn a_common_password_is_refused_whatever_score_is_asked_for() {
        let lax = Passwords { score: 0, shortest: 8, ..SETTINGS };
        let (code, detail) = check(&lax, "Password1", false).await.unwrap_err();
        assert_eq!(code, "password_too_weak");
        assert!(detail.contains("It is on the list of common passwords."), "{detail}");
        assert_eq!(check(&lax, "aaaaaaaaaaaaaaaaaaaaaaa", false).await, Ok(()));
    }

    #[tokio::test]
    async fn a_score_of_four_asks_for_more() {
        let strict = Passwords { score: 4, ..SETTINGS };
        let text = "kzqvmrwbx";
        assert_eq!(check(&SETTINGS, text, true).await, Ok(()));
        let (code, detail) = check(&strict, text, true).await.unwrap_err();
        assert_eq!(
            (code.as_str(), detail.as_str()),
            ("password_too_weak", "Add a word or two; uncommon ones are better.")
        );
    }

    #[tokio::test]
    async fn a_character_unicode_has_not_assigned_is_refused() {
        assert_eq!(refused("correct horse battery \u{378}").await.0, "password_unassigned");
        assert_eq!(check(&SETTINGS, "correct horse battery \u{e000}", false).await, Ok(()));
    }

    #[tokio::test]
    async fn only_the_beginning_is_scored() {
        let weak = "ab".repeat(SCORED / 2);
        assert_eq!(refused(&format!("{weak}correct horse battery staple")).await.0, "password_too_weak");
        assert_eq!(check(&SETTINGS, &format!("correct horse battery staple{weak}"), false).await, Ok(()));
    }

    #[test]
    fn a_name_longer_than_what_is_scored_is_found_whole() {
        let name = "kzqvmrwbxjhtdlgpsncfy".repeat(2) + "kzqvmrwbx";
        let personal = words(&[&name]);
        for text in [name.clone(), format!("{name}12")] {
            assert!(weakness(&password(&text), &personal, 3).is_some(), "{text}");
            assert!(weakness(&password(&text), &[], 3).is_none(), "another's name is a password like any: {text}");
        }
    }

    #[test]
    fn a_person_is_known_by_bounded_words() {
        assert_eq!(
            words(&["Ada Lovelace", "a.b@Example.org"]),
            ["ada lovelace", "ada", "lovelace", "a.b@example.org", "example", "org"]
        );
        assert_eq!(words(&["e\u{301}te\u{301}"]), ["\u{e9}t\u{e9}", "\u{e9}t\u{e9}"]);
        let many = "abc ".repeat(10_000);
        assert!(words(&[&many, &many, &many, &many, &many]).len() <= MOST_WORDS);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_makes_scoring_panic(text in "\\PC{1,60}|(?s:.{1,40})|[a-z0-9@$!/.-]{1,50}|\u{130}{1,20}[A-Z]{0,9}", name in "\\PC{0,20}") {
            if let Ok(password) = Password::parse(text) {
                weakness(&password, &words(&[&name, password.text()]), 4);
            }
        }
    }
}
