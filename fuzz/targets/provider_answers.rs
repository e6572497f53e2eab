//! Whatever a provider may say of a message it took: its id is kept as far as it is one, its price where it is an amount.
//! The input is an id, an amount and a currency, a line each.

#![no_main]

use auth::fuzzing::{cost, message_id};
use libfuzzer_sys::fuzz_target;

const BILLION: i64 = 1_000_000_000;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let [id, amount, currency] = [(); 3].map(|()| lines.next().unwrap_or_default());
    if let Some(id) = message_id(id) {
        assert!((1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(message_id(&id), Some(id));
    }
    if let Some(nano) = cost(amount, currency) {
        assert!(nano >= 0 && currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase()));
        assert_eq!(cost(&format!("{}.{:09}", nano / BILLION, nano % BILLION), currency), Some(nano));
    }
});
