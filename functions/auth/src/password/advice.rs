//! zxcvbn's feedback in Ward's own sentences, none of which holds a part of the password.

use zxcvbn::Entropy;
use zxcvbn::feedback::{Suggestion, Warning};
use zxcvbn::matching::patterns::MatchPattern;

/// What is wrong with a password made of what is known of the user.
pub(super) const NAMED: &str = "It holds a name or an address of yours, or the application's name.";

/// Whether the password itself is on the list of common ones.
pub(super) fn is_common(entropy: &Entropy) -> bool {
    let warning = entropy.feedback().and_then(zxcvbn::feedback::Feedback::warning);
    matches!(
        warning,
        Some(Warning::ThisIsATop10Password | Warning::ThisIsATop100Password | Warning::ThisIsACommonPassword)
    )
}

/// What is wrong and what to do about it, a sentence for each.
pub(super) fn advice(entropy: &Entropy, personal: &[String]) -> String {
    let mut sentences = Vec::new();
    if holds_any(entropy, personal) {
        sentences.push(NAMED);
    }
    match entropy.feedback() {
        Some(feedback) => {
            sentences.extend(feedback.warning().map(reason));
            sentences.extend(feedback.suggestions().iter().copied().map(remedy));
        }
        None => sentences.push(remedy(Suggestion::AddAnotherWordOrTwo)),
    }
    let mut told = Vec::with_capacity(sentences.len());
    for sentence in sentences {
        if !told.contains(&sentence) {
            told.push(sentence);
        }
    }
    told.join(" ")
}

fn holds_any(entropy: &Entropy, personal: &[String]) -> bool {
    entropy.sequence().iter().any(|part| match &part.pattern {
        MatchPattern::Dictionary(found) => personal.contains(&found.matched_word),
        _ => false,
    })
}

fn reason(warning: Warning) -> &'static str {
    match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess => "A row of keys is easy to guess.",
        Warning::ShortKeyboardPatternsAreEasyToGuess => "A short pattern on the keyboard is easy to guess.",
        Warning::RepeatsLikeAaaAreEasyToGuess => "A character many times over is easy to guess.",
        Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            "A part many times over is hardly harder to guess than the part."
        }
        Warning::ThisIsATop10Password | Warning::ThisIsATop100Password | Warning::ThisIsACommonPassword => {
            "It is on the list of common passwords."
        }
        Warning::ThisIsSimilarToACommonlyUsedPassword => "It is much like a common password.",
        Warning::SequencesLikeAbcAreEasyToGuess => "Letters or digits in their order are easy to guess.",
        Warning::RecentYearsAreEasyToGuess => "A recent year is easy to guess.",
        Warning::AWordByItselfIsEasyToGuess => "A single word is easy to guess.",
        Warning::DatesAreOftenEasyToGuess => "A date is easy to guess.",
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess | Warning::CommonNamesAndSurnamesAreEasyToGuess => {
            "A name is easy to guess."
        }
    }
}

fn remedy(suggestion: Suggestion) -> &'static str {
    match suggestion {
        Suggestion::UseAFewWordsAvoidCommonPhrases => "Use a few words that do not make a phrase.",
        Suggestion::NoNeedForSymbolsDigitsOrUppercaseLetters => "Signs, digits and capital letters are not needed.",
        Suggestion::AddAnotherWordOrTwo => "Add a word or two; uncommon ones are better.",
        Suggestion::CapitalizationDoesntHelpVeryMuch | Suggestion::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => {
            "Capital letters do not help much."
        }
        Suggestion::ReversedWordsArentMuchHarderToGuess => "A word spelled backwards does not help much.",
        Suggestion::PredictableSubstitutionsDontHelpVeryMuch => "Signs in place of letters do not help much.",
        Suggestion::UseALongerKeyboardPatternWithMoreTurns => "Use a longer pattern with more turns, or words.",
        Suggestion::AvoidRepeatedWordsAndCharacters => "Avoid repetition.",
        Suggestion::AvoidSequences => "Avoid sequences.",
        Suggestion::AvoidRecentYears | Suggestion::AvoidYearsThatAreAssociatedWithYou => "Avoid years.",
        Suggestion::AvoidDatesAndYearsThatAreAssociatedWithYou => "Avoid dates and years that have to do with you.",
    }
}
