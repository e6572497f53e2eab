//! Whatever may be typed as a name: it is refused, or kept in a form that is read back as the same and shows all it holds.

#![no_main]

use auth::fuzzing::{display_name, label, username};
use libfuzzer_sys::fuzz_target;

/// What turns the direction of the text around it, breaks its line or has no width.
fn hides(c: char) -> bool {
    let joins = ['\u{200c}', '\u{200d}'].contains(&c);
    let format = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || (format && !joins) || ('\u{e0000}'..='\u{e007f}').contains(&c)
}

fn is_one_line(name: &str) {
    assert!((1..=64).contains(&name.chars().count()), "{name:?}");
    assert!(!name.contains(hides), "{name:?}");
    assert!(name.split(' ').all(|word| !word.is_empty() && !word.contains(char::is_whitespace)), "{name:?}");
}

fuzz_target!(|text: &str| {
    if let Some((name, canonical)) = username(text) {
        is_one_line(&name);
        assert!(!name.contains(['\u{200c}', '\u{200d}']) && !canonical.contains(hides), "{canonical:?}");
        assert_eq!(username(&name), Some((name.clone(), canonical.clone())));
        if let Some((_, again)) = username(&canonical) {
            assert_eq!(again, canonical, "who types the canonical form is found by it");
        }
        assert_eq!(display_name(text), Some(name), "a username could be a display name");
    }
    let name = display_name(text);
    if let Some(name) = &name {
        is_one_line(name);
        assert_eq!(display_name(name).as_ref(), Some(name));
    }
    assert_eq!(label(text), name);
});
