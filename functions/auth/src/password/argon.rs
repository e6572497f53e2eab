//! Argon2 (RFC 9106): today's parameters, and hashes in the PHC string format.

use std::hint::black_box;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use shared::config::Passwords;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::pool::{Memory, NoMemory};

/// What is verified at most: a stored string must not decide how much memory and time a sign-in takes.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
const MOST_PASSES: u32 = 10;
const MOST_LANES: u32 = 8;

const SALT_LEN: usize = 16;
const HASH_LEN: usize = 32;

/// A hash could not be computed.
#[derive(Debug, thiserror::Error)]
pub(super) enum HashError {
    /// There is no memory for it.
    #[error(transparent)]
    Memory(#[from] NoMemory),
    /// The parameters are none of argon2's.
    #[error("argon2 refused its parameters: {0}")]
    Parameters(#[from] argon2::Error),
    /// The hash has no PHC form.
    #[error("a hash could not be written: {0}")]
    Form(#[from] argon2::password_hash::Error),
}

/// The parameters of new hashes: argon2id, one lane.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    memory_kib: u32,
    passes: u32,
}

impl Cost {
    pub(super) fn new(settings: &Passwords) -> Self {
        Self { memory_kib: settings.memory_kib, passes: settings.passes }
    }

    /// A new hash as a PHC string.
    pub(super) fn hash(self, password: &[u8], salt: [u8; SALT_LEN], memory: &mut Memory) -> Result<String, HashError> {
        let params = self.params()?;
        let hash = derive(Algorithm::Argon2id, Version::V0x13, &params, password, &salt, HASH_LEN, memory)?;
        let phc = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(&salt).map_err(argon2::password_hash::Error::from)?),
            hash: Some(Output::new(&hash).map_err(argon2::password_hash::Error::from)?),
        };
        Ok(phc.to_string())
    }

    /// The work of a hash, for nothing.
    pub(super) fn pretend(self, password: &[u8], memory: &mut Memory) -> Result<(), HashError> {
        let salt = [0; SALT_LEN];
        let hash = derive(Algorithm::Argon2id, Version::V0x13, &self.params()?, password, &salt, HASH_LEN, memory)?;
        // Or else nobody would ask for it, and it need not be computed.
        black_box(&hash);
        Ok(())
    }

    fn params(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.passes, 1, Some(HASH_LEN))
    }
}

/// A stored argon2 hash within the bounds.
pub(super) struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    hash: Output,
}

impl Argon2Hash {
    /// Parses a PHC string: a salt of 8 to 48 bytes, a hash of 10 to 64, `m`, `t` and `p` and nothing else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let phc = PasswordHash::new(text).ok()?;
        let hash = phc.hash?;
        // Strings of the first version name none.
        let version = phc.version.unwrap_or(Version::V0x10.into());
        Some(Self {
            algorithm: Algorithm::new(phc.algorithm.as_str()).ok()?,
            version: Version::try_from(version).ok()?,
            params: bounded(&phc.params, hash.len())?,
            salt: phc.salt?,
            hash,
        })
    }

    pub(super) fn memory_kib(&self) -> u32 {
        self.params.m_cost()
    }

    /// Whether today's hashes are stronger in anything.
    pub(super) fn is_outdated(&self, today: Cost) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.m_cost() < today.memory_kib
            || self.params.t_cost() < today.passes
            || self.salt.len() < SALT_LEN
            || self.hash.len() < HASH_LEN
    }

    pub(super) fn matches(&self, password: &[u8], memory: &mut Memory) -> Result<bool, HashError> {
        let Self { algorithm, version, params, salt, hash } = self;
        let computed = derive(*algorithm, *version, params, password, salt, hash.len(), memory)?;
        Ok(computed.ct_eq(hash.as_bytes()).into())
    }
}

fn bounded(stored: &ParamsString, hash_len: usize) -> Option<Params> {
    let [mut memory, mut passes, mut lanes] = [None; 3];
    for (name, value) in stored.iter() {
        let slot = match name.as_str() {
            "m" => &mut memory,
            "t" => &mut passes,
            "p" => &mut lanes,
            _ => return None,
        };
        if slot.replace(value.decimal().ok()?).is_some() {
            return None;
        }
    }
    let (memory, passes, lanes) = (memory?, passes?, lanes?);
    let fits = memory <= MOST_MEMORY_KIB && passes <= MOST_PASSES && lanes <= MOST_LANES;
    if fits { Params::new(memory, passes, lanes, Some(hash_len)).ok() } else { None }
}

fn derive(
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    password: &[u8],
    salt: &[u8],
    length: usize,
    memory: &mut Memory,
) -> Result<Zeroizing<Vec<u8>>, HashError> {
    let mut hash = Zeroizing::new(vec![0; length]);
    let blocks = memory.blocks(params.block_count())?;
    Argon2::new(algorithm, version, params.clone())
        .hash_password_into_with_memory(password, salt, &mut hash, blocks)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::super::SETTINGS;
    use super::*;

    /// From the reference implementation: its test.c, and what it computes where test.c has none (argon2d, four lanes).
    const REFERENCE: [&str; 9] = [
        "$argon2i$v=19$m=65536,t=1,p=1$c29tZXNhbHQAAAAAAAAAAA$+r0d29hqEB0yasKr55ZgICsQGSkl0v0kgwhd+U3wyRo",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=262144,t=2,p=1$c29tZXNhbHQ$eP4eyR+zqlZX1y5xCFTkw9m5GYx0L5YWwvCFvtlbLow",
        "$argon2id$v=19$m=512,t=3,p=4$c29tZXNhbHQ\
         $1yLKg5hlq3Pvh6ZeuhsD9PN+Uez9pGOWswFj+Gt6LBQ9ElguTC/j9M8BkVOBxzv2BDctfcQSvM6qdkhbC1SDRg",
        "$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$JcTui6RIBUtJ78gE5Hi52CO+H5vS6Z9R1uxAB6OhUB8",
        "$argon2d$v=16$m=256,t=2,p=1$c29tZXNhbHQ$vUBIaP8AxS51Q8gzLmp3KlckiS1+Mo1c8lO7yOcms3E",
        // Version 16 named, and as it was written before strings named one.
        "$argon2i$v=16$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
        "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    ];

    #[test]
    fn hashes_of_the_reference_implementation_are_verified() {
        let mut memory = Memory::default();
        for text in REFERENCE {
            let hash = Argon2Hash::parse(text).unwrap();
            assert!(hash.matches(b"password", &mut memory).unwrap(), "{text}");
            assert!(!hash.matches(b"Password", &mut memory).unwrap(), "{text}");
        }
    }

    #[test]
    fn what_would_cost_too_much_or_says_too_little_is_refused() {
        let hash = "$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";
        for parameters in ["m=262144,t=10,p=8", "t=2,p=1,m=256", "m=64,t=1,p=8"] {
            assert!(Argon2Hash::parse(&format!("$argon2id$v=19${parameters}{hash}")).is_some(), "{parameters}");
        }
        for parameters in [
            "m=4194304,t=1,p=1",
            "m=4294967295,t=1,p=1",
            "m=262145,t=1,p=1",
            "m=256,t=11,p=1",
            "m=256,t=4294967295,p=1",
            "m=256,t=2,p=9",
            "m=256,t=2,p=536870912",
            "m=63,t=1,p=8",
            "m=7,t=1,p=1",
            "m=256,t=0,p=1",
            "m=256,t=2,p=0",
            "m=256,t=2",
            "m=256,m=256,t=2,p=1",
            "m=256,t=2,p=1,data=Dw8PDw8P",
            "m=-1,t=2,p=1",
        ] {
            assert!(Argon2Hash::parse(&format!("$argon2id$v=19${parameters}{hash}")).is_none(), "{parameters}");
        }
        for text in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
            "$argon2id$v=19$m=256,t=2,p=1",
            "$argon2id$v=18$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            "$argon2x$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            "$argon2id$v=19$m=256,t=2,p=1$c2hvcnQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$AAAA",
        ] {
            assert!(Argon2Hash::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_new_hash_is_the_reference_implementations() {
        let (mut memory, settings) = (Memory::default(), Passwords { memory_kib: 19_457, ..SETTINGS });
        let hash = |settings, memory: &mut Memory| Cost::new(settings).hash(b"password", *b"somesaltsomesalt", memory);
        assert_eq!(
            hash(&SETTINGS, &mut memory).unwrap(),
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$K13EBUiG7JV+9ZxztmHFTdb7J0WQsnj2V8bZaqyPptE"
        );
        // Not a multiple of four blocks, in memory that was used before.
        assert_eq!(
            hash(&settings, &mut memory).unwrap(),
            "$argon2id$v=19$m=19457,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$UuvUMDv2KE1A8HjBwk7AJ83yZNQb4wcpSax1N3e1B3w"
        );
    }

    #[test]
    fn a_hash_is_outdated_where_todays_is_stronger_in_anything() {
        let outdated = |head: &str, salt: &str| {
            let text = format!("{head}${salt}$K13EBUiG7JV+9ZxztmHFTdb7J0WQsnj2V8bZaqyPptE");
            Argon2Hash::parse(&text).unwrap().is_outdated(Cost::new(&SETTINGS))
        };
        let salt = "c29tZXNhbHRzb21lc2FsdA";
        assert!(!outdated("$argon2id$v=19$m=19456,t=2,p=1", salt));
        assert!(!outdated("$argon2id$v=19$m=65536,t=3,p=4", salt));
        assert!(outdated("$argon2id$v=19$m=65536,t=1,p=4", salt));
        assert!(outdated("$argon2id$v=19$m=19455,t=3,p=1", salt));
        assert!(outdated("$argon2id$v=16$m=19456,t=2,p=1", salt));
        assert!(outdated("$argon2id$m=19456,t=2,p=1", salt));
        assert!(outdated("$argon2i$v=19$m=19456,t=2,p=1", salt));
        assert!(outdated("$argon2id$v=19$m=19456,t=2,p=1", "c29tZXNhbHQ"));
    }
}
