//! Sealing and opening, beside AES-256-GCM alone.

use std::hint::black_box;
use std::time::{Duration, Instant};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use shared::clock::Random;
use shared::vault::envelope::{FRAME_LEN, open, seal};

use crate::Outcome;
use crate::report::{Report, Row};

const KEY: [u8; 32] = [7; 32];
const CONTEXT: &[u8] = b"a canonical context is about this long: app, environment, owner, table, column, row, version";
const SIZES: [(&str, usize, u32); 4] =
    [("256 B", 256, 4_000), ("4 KiB", 4 << 10, 2_000), ("64 KiB", FRAME_LEN, 400), ("1 MiB", 1 << 20, 40)];
/// Turns that ours and the floor take, so that a busy moment of the machine meets both.
const TURNS: u32 = 10;

/// What one of a kind takes, by the quickest turn.
struct Taken {
    seal: Duration,
    open: Duration,
    raw_seal: Duration,
    raw_open: Duration,
}

/// Seals and opens on one core.
pub fn measure(report: &mut Report) -> Outcome {
    let mut rows = Vec::new();
    for (name, length, times) in SIZES {
        let taken = taken(length, times)?;
        let note = length == 256;
        let frame = length == FRAME_LEN;
        let speed = rate(length, taken.seal);
        let budget = match (note, frame) {
            (true, _) => Some(("under 10 us".into(), taken.seal < Duration::from_micros(10))),
            (_, true) => Some(("over 3 GiB/s".into(), speed > 3.0)),
            _ => None,
        };
        rows.push(row(format!("seal {name}"), length, taken.seal, taken.raw_seal, budget));
        rows.push(row(format!("open {name}"), length, taken.open, taken.raw_open, None));
    }
    report.section(
        "Sealing",
        "One core, the quickest of ten turns: a fresh message id, HKDF-SHA-512, the commitment and AES-256-GCM for \
         each value. The floor is AES-256-GCM of the same library alone, in place, with a key that is set up already.",
        rows,
    );
    Ok(())
}

fn row(what: String, length: usize, ours: Duration, floor: Duration, budget: Option<(String, bool)>) -> Row {
    let shown = |taken: Duration| format!("{:.1} us, {:.2} GiB/s", taken.as_secs_f64() * 1e6, rate(length, taken));
    let ratio = ours.as_secs_f64() / floor.as_secs_f64();
    Row { what, measured: format!("{} ({ratio:.2} x)", shown(ours)), floor: shown(floor), budget }
}

#[expect(clippy::cast_precision_loss, reason = "a length is far below 2^52")]
fn rate(length: usize, taken: Duration) -> f64 {
    length as f64 / taken.as_secs_f64() / f64::from(1 << 30)
}

fn taken(length: usize, times: u32) -> Outcome<Taken> {
    let (random, value) = (Random::default(), vec![b'v'; length]);
    let sealed = seal(&random, &KEY, 1, CONTEXT, &value)?;
    let raw = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).map_err(|_| "a key of another length")?);
    let nonce = || Nonce::assume_unique_for_key([0; 12]);
    let mut raw_sealed = value.clone();
    raw.seal_in_place_append_tag(nonce(), Aad::from(CONTEXT), &mut raw_sealed).map_err(|_| "too long")?;

    let mut least = [Duration::MAX; 4];
    for _ in 0..TURNS {
        let mut buffer = value.clone();
        let turns = [
            each(times, || seal(&random, &KEY, 1, CONTEXT, black_box(&value)).is_ok()),
            each(times, || open(&KEY, CONTEXT, black_box(&sealed)).is_ok()),
            each(times, || raw.seal_in_place_separate_tag(nonce(), Aad::from(CONTEXT), black_box(&mut buffer)).is_ok()),
            each(times, || {
                let mut buffer = black_box(raw_sealed.clone());
                raw.open_in_place(nonce(), Aad::from(CONTEXT), &mut buffer).is_ok()
            }),
        ];
        for (least, turn) in least.iter_mut().zip(turns) {
            *least = turn.min(*least);
        }
    }
    let [seal, open, raw_seal, raw_open] = least;
    Ok(Taken { seal, open, raw_seal, raw_open })
}

fn each(times: u32, mut call: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    for _ in 0..times {
        assert!(black_box(call()), "it is sealed and opened");
    }
    begun.elapsed() / times
}
