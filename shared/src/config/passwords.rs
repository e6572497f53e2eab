//! Settings of passwords: what a new one has to be, and what hashing one costs.

use std::ops::RangeInclusive;

use super::ConfigError;
use super::parse::number;

/// OWASP's least for two passes; a stored hash of more than 256 MiB would not be verified.
const MEMORY_KIB: RangeInclusive<u32> = 19_456..=262_144;
const PASSES: RangeInclusive<u32> = 2..=10;
const POOL: RangeInclusive<usize> = 1..=64;
const QUEUE: RangeInclusive<usize> = 0..=1_024;
/// NIST SP 800-63B-4, section 3.1.1.2: never fewer than 8, and one of 64 has to be accepted.
const LENGTH: RangeInclusive<usize> = 8..=64;
const SCORE: RangeInclusive<u8> = 0..=4;

/// What a new password has to be, and what hashing one costs.
#[derive(Clone, Copy, Debug)]
pub struct Passwords {
    /// Memory of one argon2id hash in KiB (`WARD_ARGON2_MEMORY_KIB`).
    pub memory_kib: u32,
    /// Passes over that memory (`WARD_ARGON2_PASSES`).
    pub passes: u32,
    /// Hashes computed at once, each with the memory of one (`WARD_PASSWORD_POOL`).
    pub pool: usize,
    /// Hashes that may wait for their turn; one more is refused (`WARD_PASSWORD_QUEUE`).
    pub queue: usize,
    /// Fewest characters of a password that signs in alone (`WARD_PASSWORD_MIN`).
    pub shortest: usize,
    /// Fewest characters beside a second factor (`WARD_PASSWORD_MIN_WITH_SECOND_FACTOR`).
    pub shortest_with_second_factor: usize,
    /// Least zxcvbn score, 0 to 4 (`WARD_PASSWORD_SCORE`).
    pub score: u8,
}

pub(super) fn passwords(get: &dyn Fn(&str) -> Option<String>) -> Result<Passwords, ConfigError> {
    let passwords = Passwords {
        memory_kib: number(get, "WARD_ARGON2_MEMORY_KIB", 19_456)?,
        passes: number(get, "WARD_ARGON2_PASSES", 2)?,
        pool: number(get, "WARD_PASSWORD_POOL", 2)?,
        queue: number(get, "WARD_PASSWORD_QUEUE", 16)?,
        shortest: number(get, "WARD_PASSWORD_MIN", 15)?,
        shortest_with_second_factor: number(get, "WARD_PASSWORD_MIN_WITH_SECOND_FACTOR", 8)?,
        score: number(get, "WARD_PASSWORD_SCORE", 3)?,
    };
    let bounds = [
        (MEMORY_KIB.contains(&passwords.memory_kib), "WARD_ARGON2_MEMORY_KIB", "between 19456 and 262144 KiB"),
        (PASSES.contains(&passwords.passes), "WARD_ARGON2_PASSES", "between 2 and 10"),
        (POOL.contains(&passwords.pool), "WARD_PASSWORD_POOL", "between 1 and 64"),
        (QUEUE.contains(&passwords.queue), "WARD_PASSWORD_QUEUE", "between 0 and 1024"),
        (LENGTH.contains(&passwords.shortest), "WARD_PASSWORD_MIN", "between 8 and 64 characters"),
        (
            (*LENGTH.start()..=passwords.shortest).contains(&passwords.shortest_with_second_factor),
            "WARD_PASSWORD_MIN_WITH_SECOND_FACTOR",
            "between 8 characters and WARD_PASSWORD_MIN",
        ),
        (SCORE.contains(&passwords.score), "WARD_PASSWORD_SCORE", "between 0 and 4"),
    ];
    match bounds.into_iter().find(|(holds, ..)| !holds) {
        Some((_, name, form)) => Err(ConfigError::Invalid(name, form)),
        None => Ok(passwords),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, value: &str) -> Result<Passwords, ConfigError> {
        passwords(&|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let defaults = parse("", "").unwrap();
        assert_eq!((defaults.memory_kib, defaults.passes, defaults.pool, defaults.queue), (19_456, 2, 2, 16));
        assert_eq!((defaults.shortest, defaults.shortest_with_second_factor, defaults.score), (15, 8, 3));
    }

    #[test]
    fn a_setting_beyond_its_bounds_is_named() {
        let cases = [
            ("WARD_ARGON2_MEMORY_KIB", "19456", "19455"),
            ("WARD_ARGON2_MEMORY_KIB", "262144", "262145"),
            ("WARD_ARGON2_PASSES", "10", "1"),
            ("WARD_PASSWORD_POOL", "1", "0"),
            ("WARD_PASSWORD_QUEUE", "0", "1025"),
            ("WARD_PASSWORD_MIN", "8", "7"),
            ("WARD_PASSWORD_MIN", "64", "65"),
            ("WARD_PASSWORD_MIN_WITH_SECOND_FACTOR", "15", "16"),
            ("WARD_PASSWORD_MIN_WITH_SECOND_FACTOR", "8", "7"),
            ("WARD_PASSWORD_SCORE", "0", "5"),
            ("WARD_PASSWORD_SCORE", "4", "high"),
        ];
        for (name, good, bad) in cases {
            assert!(parse(name, good).is_ok(), "{name}={good}");
            assert!(parse(name, bad).unwrap_err().to_string().starts_with(name), "{name}={bad}");
        }
    }
}
