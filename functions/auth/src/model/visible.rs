//! What people can see of a name, and when two names are the same.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

const LONGEST: usize = 64;

/// A line that may hold joiners.
pub(super) fn words(text: &str) -> Option<String> {
    line(text, |c| is_visible(c) || joins(c)).filter(|line| joins_are_inside(line))
}

/// One line in Unicode's composed form, without spaces around it and with single ones inside, if all of it may stand
/// there.
pub(super) fn line(text: &str, may_stand: impl Fn(char) -> bool) -> Option<String> {
    let text: String = text.trim().nfc().collect();
    if !text.chars().all(may_stand) {
        return None;
    }
    let line = single_spaced(&text);
    // A mark without a letter before it would go on top of whatever stands before the name.
    let begins = line.chars().next().is_some_and(|first| !is_combining_mark(first));
    (begins && line.chars().count() <= LONGEST).then_some(line)
}

/// Who signs in types a name, an address or a number into one field: a name must not pass for somebody's address.
pub(super) fn reads_as_an_address(canonical: &str) -> bool {
    const FEWEST_DIGITS: usize = 7;
    let bare: String = canonical.chars().filter(|c| !" ().-/".contains(*c)).collect();
    let number = bare.strip_prefix('+').or_else(|| bare.strip_prefix("00"));
    canonical.contains('@')
        || number.is_some_and(|rest| rest.len() >= FEWEST_DIGITS && rest.chars().all(|c| c.is_ascii_digit()))
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// NFKC and lower case, repeated until nothing changes any more: each can make work for the other.
pub(super) fn canonical(text: &str) -> String {
    const ROUNDS: usize = 8;
    let mut text = fold(text);
    for _ in 0..ROUNDS {
        let again = fold(&text);
        if again == text {
            break;
        }
        text = again;
    }
    text
}

fn fold(text: &str) -> String {
    let lower = text.nfkc().flat_map(char::to_lowercase);
    // Sigma has two lower cases.
    single_spaced(&lower.map(|c| if c == 'ς' { 'σ' } else { c }).collect::<String>())
}

/// Whether a character can be seen, or is a space. Bidirectional controls, zero-width characters and the soft hyphen are
/// of the category Format; a character that today's Unicode does not know could be anything tomorrow.
pub(super) fn is_visible(c: char) -> bool {
    let category = c.general_category();
    let unseen = matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
    !unseen && !is_blank(c)
}

/// Letters, marks and symbols that show nothing: what Unicode calls default ignorable, and the empty Braille pattern.
fn is_blank(c: char) -> bool {
    matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}')
}

/// The zero-width joiner and non-joiner, and the selector of the coloured form of an emoji.
pub(super) fn joins(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0f}')
}

/// Whether each joiner has something to join, and each selector something to select a form of.
fn joins_are_inside(name: &str) -> bool {
    let mut before = ' ';
    for c in name.chars() {
        let nothing_there = before == ' ' || is_joiner(before);
        if (joins(c) && nothing_there) || (is_joiner(before) && c == ' ') || (c == '\u{fe0f}' && before == c) {
            return false;
        }
        before = c;
    }
    !is_joiner(before)
}

fn is_joiner(c: char) -> bool {
    joins(c) && c != '\u{fe0f}'
}
