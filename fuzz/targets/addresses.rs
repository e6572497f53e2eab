//! Whatever may be typed as an address: it is refused, or kept in a form that is read back as the same, that can be sent
//! to as it stands, and that has one form to be found by.

#![no_main]

use auth::delivery::{EmailAddress, PhoneNumber};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(email) = EmailAddress::parse(text) {
        let kept = email.as_str();
        assert_eq!(EmailAddress::parse(kept).expect("an address is read back"), email);
        let (local, domain) = kept.split_once('@').expect("there is an @");
        assert!(kept.len() <= 254 && (1..=64).contains(&local.len()));
        assert!(!domain.contains('@') && domain.contains('.') && domain.is_ascii());
        assert!(!kept.contains(|c: char| c.is_control() || c.is_whitespace() || "\"<>,;:()[]\\".contains(c)));
        let canonical = email.canonical();
        if let Ok(same) = EmailAddress::parse(&canonical) {
            assert_eq!(same.canonical(), canonical, "who types the canonical form is found by it");
        }
        let masked = email.masked();
        let first = |text: &str| text.chars().next().expect("neither part is empty");
        let last = domain.rsplit('.').next().expect("there is a dot");
        assert_eq!(masked, format!("{}***@{}***.{last}", first(local), first(domain)));
    }
    if let Ok(phone) = PhoneNumber::parse(text) {
        let kept = phone.as_str();
        assert_eq!(PhoneNumber::parse(kept).expect("a number is read back"), phone);
        assert_eq!(kept, text.trim());
        let digits = kept.strip_prefix('+').expect("a plus");
        assert!((8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(phone.masked().len() == 7);
    }
});
