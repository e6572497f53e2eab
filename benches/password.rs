//! Verifying a password, beside argon2 called directly.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use auth::password::{Hasher, Password, Pool};
use shared::clock::Random;
use shared::config::Passwords;

use crate::Outcome;
use crate::fixture::Fixture;
use crate::report::{Report, Row};
use crate::stats::{Samples, ms};

const TIMES: usize = 50;
const WARM_UP: usize = 5;
const PASSWORD: &str = "correct horse battery staple";
/// What the hand-over to another thread and the wiping of the memory may cost.
const BUDGET: f64 = 1.1;

/// Verifies one after the other, then as many at once as the pool has workers.
pub async fn measure(fixture: &Fixture, report: &mut Report) -> Outcome {
    let settings = fixture.platform.settings.passwords;
    let hasher = || Hasher::new(&settings, Random::default(), Pool::new(&settings));
    let password = Password::parse(PASSWORD.to_owned()).map_err(|_| "the password is too long")?;
    let hash = hasher().hash(&password).await.map_err(|_| "no hash was made")?;

    // One whose workers have no memory yet.
    let hasher = hasher();
    let peak = Peak::begin()?;
    at_once(&hasher, &password, &hash, settings.pool).await?;
    let (added, workers) = (peak.added_kib()?, u32::try_from(settings.pool)?);
    let (mut verified, mut floor) = (Vec::with_capacity(TIMES), Vec::with_capacity(TIMES));
    for turn in 0..WARM_UP + TIMES {
        let (ours, bare) = (verify(&hasher, &password, &hash).await?, bare(settings)?);
        if turn >= WARM_UP {
            verified.push(ours);
            floor.push(bare);
        }
    }
    let (verified, floor) = (Samples::new(verified).p50(), Samples::new(floor).p50());
    let ratio = verified.as_secs_f64() / floor.as_secs_f64();
    let arithmetic = workers * settings.memory_kib;
    report.section(
        "Passwords",
        "One verification after the other with argon2id at the settings' cost (19 MiB, 2 passes) through the pool,\n\
         so on one core; the floor is the argon2 crate called in a loop, in turns with it. Memory is what the peak of\n\
         the resident set rises by while each worker of the pool verifies; the floor is what the hashes fill.",
        vec![
            Row {
                what: "a verification, p50".into(),
                measured: format!("{} ({ratio:.2} x), {:.0} a second", ms(verified), verified.as_secs_f64().recip()),
                floor: format!("{}, {:.0} a second", ms(floor), floor.as_secs_f64().recip()),
                budget: Some((format!("{BUDGET} x"), ratio <= BUDGET)),
            },
            Row {
                what: format!("memory of {workers} at once"),
                measured: format!("{:.1} MiB", f64::from(added) / 1024.0),
                floor: format!("{:.1} MiB", f64::from(arithmetic) / 1024.0),
                budget: None,
            },
        ],
    );
    Ok(())
}

async fn verify(hasher: &Hasher, password: &Password, hash: &str) -> Outcome<Duration> {
    let begun = Instant::now();
    let verdict = hasher.verify(password, Some(hash)).await.map_err(|_| "no verdict was given")?;
    let taken = begun.elapsed();
    if verdict.matches { Ok(taken) } else { Err("the password does not match its hash".into()) }
}

/// What the crate's own documentation does.
fn bare(settings: Passwords) -> Outcome<Duration> {
    let params = Params::new(settings.memory_kib, settings.passes, 1, Some(32))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; 32];
    let begun = Instant::now();
    argon2.hash_password_into(black_box(PASSWORD.as_bytes()), b"somesaltsomesalt", &mut hash)?;
    black_box(hash);
    Ok(begun.elapsed())
}

async fn at_once(hasher: &Hasher, password: &Password, hash: &str, workers: usize) -> Outcome {
    let tasks: Vec<_> = (0..workers)
        .map(|_| {
            let (hasher, password, hash) = (hasher.clone(), password.clone(), hash.to_owned());
            tokio::spawn(
                async move { hasher.verify(&password, Some(&hash)).await.is_ok_and(|verdict| verdict.matches) },
            )
        })
        .collect();
    for task in tasks {
        if !task.await? {
            return Err("the password does not match its hash".into());
        }
    }
    Ok(())
}

/// The peak of this process's resident set from a moment on.
struct Peak {
    before_kib: u32,
}

impl Peak {
    /// Forgets the peak so far.
    fn begin() -> Outcome<Self> {
        fs::write("/proc/self/clear_refs", "5")?;
        Ok(Self { before_kib: kib("VmRSS:")? })
    }

    fn added_kib(&self) -> Outcome<u32> {
        Ok(kib("VmHWM:")?.saturating_sub(self.before_kib))
    }
}

fn kib(field: &str) -> Outcome<u32> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).ok_or("the field is missing")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
