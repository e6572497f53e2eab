//! Sealing a short note and a full frame.

use std::hint::black_box;
use std::time::Instant;

use shared::clock::Random;
use shared::vault::envelope::{FRAME_LEN, seal};

use crate::Outcome;
use crate::report::{Report, Row};

const CONTEXT: &[u8] = b"a canonical context is about this long: app, environment, owner, table, column, row, version";

/// Seals on one core.
pub fn measure(report: &mut Report) -> Outcome {
    let note = seconds_each(256, 20_000)? * 1e6;
    let frame_len = u32::try_from(FRAME_LEN)?;
    let gib = f64::from(frame_len) / seconds_each(FRAME_LEN, 2_000)? / f64::from(1 << 30);
    report.section(
        "Sealing",
        "One core: a fresh message id, HKDF-SHA-512, the commitment and AES-256-GCM for each value.",
        vec![
            Row {
                what: "256 bytes".into(),
                measured: format!("{note:.1} us"),
                floor: String::new(),
                budget: Some(("under 10 us".into(), note < 10.0)),
            },
            Row {
                what: "64 KiB".into(),
                measured: format!("{gib:.2} GiB/s"),
                floor: String::new(),
                budget: Some(("over 3 GiB/s".into(), gib > 3.0)),
            },
        ],
    );
    Ok(())
}

fn seconds_each(length: usize, times: u32) -> Outcome<f64> {
    let (random, key, value) = (Random::default(), [7; 32], vec![b'v'; length]);
    let begun = Instant::now();
    for _ in 0..times {
        black_box(seal(&random, &key, 1, CONTEXT, black_box(&value))?);
    }
    Ok(begun.elapsed().as_secs_f64() / f64::from(times))
}
