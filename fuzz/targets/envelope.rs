//! Whatever may stand where a sealed value is stored: what was not sealed does not open, what was does, and not once a bit
//! of it, its end or its context is another.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::clock::Random;
use shared::vault::envelope;

const KEY: [u8; 32] = [7; 32];
const CONTEXT: &[u8] = b"context";
/// Enough for three frames.
const LONGEST: usize = 3 * envelope::FRAME_LEN;

fuzz_target!(|input: (u32, u8, u8, &[u8])| {
    let (place, bits, times, bytes) = input;
    _ = envelope::key_version(bytes);
    assert!(envelope::open(&KEY, CONTEXT, bytes).is_err(), "only what was sealed opens");

    let mut plaintext = bytes.repeat(1 << (times % 16));
    plaintext.truncate(LONGEST);
    let mut sealed = envelope::seal(&Random::default(), &KEY, place, CONTEXT, &plaintext).expect("sealed");
    assert_eq!(envelope::key_version(&sealed).expect("a header"), place);
    assert_eq!(*envelope::open(&KEY, CONTEXT, &sealed).expect("opened"), plaintext);
    assert!(envelope::open(&KEY, b"another", &sealed).is_err());
    let place = place as usize % sealed.len();
    assert!(envelope::open(&KEY, CONTEXT, &sealed[..place]).is_err());
    sealed[place] ^= bits.max(1);
    assert!(envelope::open(&KEY, CONTEXT, &sealed).is_err());
});
