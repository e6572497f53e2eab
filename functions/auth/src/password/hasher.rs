//! Making and verifying hashes.

use shared::clock::Random;
use shared::config::Passwords;
use shared::http::Problem;

use super::argon::{Cost, HashError};
use super::pool::Memory;
use super::{Password, Pool, StoredHash};

/// Makes hashes with argon2id and verifies them. Cheap to clone.
#[derive(Clone)]
pub struct Hasher {
    pub(super) pool: Pool,
    cost: Cost,
    random: Random,
}

/// What a verification gave.
pub struct Verdict {
    /// The password is the one.
    pub matches: bool,
    /// A hash to store in place of the old one, which is weaker or of another form of the password.
    pub rehash: Option<String>,
    /// What is stored is no hash Ward verifies: nobody can sign in by it. Worth an event, not an answer of its own.
    pub unusable: bool,
}

impl Hasher {
    /// A hasher with the settings' parameters.
    pub fn new(settings: &Passwords, random: Random, pool: Pool) -> Self {
        Self { pool, cost: Cost::new(settings), random }
    }

    /// A new hash as a PHC string.
    ///
    /// # Errors
    /// 503 `busy` or `unavailable`.
    pub async fn hash(&self, password: &Password) -> Result<String, Problem> {
        let (cost, salt, password) = (self.cost, self.random.bytes()?, password.clone());
        let hash = move |memory: &mut Memory| cost.hash(password.text().as_bytes(), salt, memory);
        Ok(self.pool.run(hash).await??)
    }

    /// Compares with the stored hash; `None` where there is no account or no password, which never matches. What it
    /// costs does not tell the two apart: see [the module](super).
    ///
    /// # Errors
    /// 503 `busy` or `unavailable`.
    pub async fn verify(&self, password: &Password, stored: Option<&str>) -> Result<Verdict, Problem> {
        let (cost, salt, password) = (self.cost, self.random.bytes()?, password.clone());
        let stored = stored.map(str::to_owned);
        let verify = move |memory: &mut Memory| verify(cost, salt, &password, stored.as_deref(), memory);
        Ok(self.pool.run(verify).await??)
    }
}

fn verify(
    cost: Cost,
    salt: [u8; 16],
    password: &Password,
    stored: Option<&str>,
    memory: &mut Memory,
) -> Result<Verdict, HashError> {
    let hash = stored.and_then(StoredHash::parse);
    let outdated = hash.as_ref().is_none_or(|hash| hash.is_outdated(cost));
    let mut matching = None;
    for (index, form) in password.forms().enumerate() {
        if hash.as_ref().map_or(Ok(false), |hash| hash.matches(form, memory))? {
            matching = Some(index);
            break;
        }
        if outdated {
            cost.pretend(form, memory)?;
        }
    }
    let rehash = match matching {
        Some(index) if outdated || index > 0 => Some(cost.hash(password.text().as_bytes(), salt, memory)?),
        _ => None,
    };
    Ok(Verdict { matches: matching.is_some(), rehash, unusable: stored.is_some() && hash.is_none() })
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Memory(_) => Self::unavailable().source(error),
            _ => Self::internal("password hash").source(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SETTINGS;
    use super::*;

    const TODAY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$K13EBUiG7JV+9ZxztmHFTdb7J0WQsnj2V8bZaqyPptE";
    const WEAKER: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    const STRONGER: &str =
        "$argon2id$v=19$m=19457,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$UuvUMDv2KE1A8HjBwk7AJ83yZNQb4wcpSax1N3e1B3w";
    const FOUR_GIB: &str = "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    /// Of 72 characters and whatever follows.
    const BCRYPT: &str = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    const ALL_72: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    fn hasher() -> Hasher {
        Hasher::new(&SETTINGS, Random::default(), Pool::new(&SETTINGS))
    }

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).ok().unwrap()
    }

    async fn verify(text: &str, stored: Option<&str>) -> Verdict {
        hasher().verify(&password(text), stored).await.unwrap()
    }

    #[tokio::test]
    async fn a_new_hash_matches_its_password_and_no_other() {
        let (hasher, right) = (hasher(), password("correct horse battery"));
        let hash = hasher.hash(&right).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(hash, hasher.hash(&right).await.unwrap(), "each has a salt of its own");
        let verdict = hasher.verify(&right, Some(&hash)).await.unwrap();
        assert!(verdict.matches && verdict.rehash.is_none() && !verdict.unusable);
        let verdict = hasher.verify(&password("correct horse batterY"), Some(&hash)).await.unwrap();
        assert!(!verdict.matches && verdict.rehash.is_none() && !verdict.unusable);
    }

    #[tokio::test]
    async fn nobody_matches_and_is_not_unusable() {
        let verdict = verify("", None).await;
        assert!(!verdict.matches && verdict.rehash.is_none() && !verdict.unusable);
    }

    #[tokio::test]
    async fn the_whole_password_takes_the_place_of_a_bcrypt_hash() {
        let long = format!("{ALL_72} and more");
        let verdict = verify(&long, Some(BCRYPT)).await;
        assert!(verdict.matches);
        let hash = verdict.rehash.unwrap();
        assert!(verify(&long, Some(&hash)).await.matches);
        assert!(!verify(ALL_72, Some(&hash)).await.matches);
        let verdict = verify("wrong", Some(BCRYPT)).await;
        assert!(!verdict.matches && verdict.rehash.is_none() && !verdict.unusable);
    }

    #[tokio::test]
    async fn only_a_weaker_hash_is_replaced() {
        let verdict = verify("password", Some(WEAKER)).await;
        assert!(verdict.matches && verdict.rehash.unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        for kept in [TODAY, STRONGER] {
            let verdict = verify("password", Some(kept)).await;
            assert!(verdict.matches && verdict.rehash.is_none(), "{kept}");
        }
        assert!(verify("passworD", Some(WEAKER)).await.rehash.is_none());
    }

    #[tokio::test]
    async fn what_is_no_hash_never_matches_and_is_reported() {
        for stored in ["", "password", "5f4dcc3b5aa765d61d8327deb882cf99", FOUR_GIB] {
            let verdict = verify("password", Some(stored)).await;
            assert!(!verdict.matches && verdict.rehash.is_none() && verdict.unusable, "{stored}");
        }
    }

    #[tokio::test]
    async fn a_hash_of_the_text_as_it_was_sent_matches_and_is_replaced() {
        // `bcrypt.hashpw` of a password with a combining accent, which is not in NFC.
        let stored = "$2b$04$......................FJAQ7VoyKqDD1clLL2Qg79AtpjovwLS";
        let verdict = verify("caf\u{e9} cafe\u{301} pass", Some(stored)).await;
        assert!(verdict.matches);
        let hash = verdict.rehash.unwrap();
        let verdict = verify("caf\u{e9} caf\u{e9} pass", Some(&hash)).await;
        assert!(verdict.matches && verdict.rehash.is_none());
        assert!(!verify("caf\u{e9} caf\u{e9} pass", Some(stored)).await.matches);
    }

    /// The memory a worker keeps is that of the largest hash it computed.
    #[tokio::test]
    async fn a_mismatch_costs_todays_hash_whatever_is_stored() {
        for stored in [None, Some("no hash"), Some(FOUR_GIB), Some(BCRYPT), Some(WEAKER), Some(TODAY)] {
            let settings = shared::config::Passwords { pool: 1, ..SETTINGS };
            let hasher = Hasher::new(&settings, Random::default(), Pool::new(&settings));
            hasher.verify(&password("wrong"), stored).await.unwrap();
            assert_eq!(hasher.pool.run(|memory| memory.len()).await.unwrap(), 19_456, "{stored:?}");
        }
    }
}
