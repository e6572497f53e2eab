//! The passwords a user had before.

use shared::http::Problem;

use super::argon::HashError;
use super::pool::Memory;
use super::{Hasher, Password, StoredHash};

/// How many of a user's last passwords a new one must not repeat.
pub const REMEMBERED: usize = 5;

impl Hasher {
    /// Whether the password is one of the first [`REMEMBERED`] hashes, newest first. All of them are computed, whichever
    /// matches, by one worker.
    ///
    /// # Errors
    /// 503 `busy` or `unavailable`.
    pub async fn reused(&self, password: &Password, recent: &[String]) -> Result<bool, Problem> {
        let recent: Vec<_> = recent.iter().take(REMEMBERED).filter_map(|stored| StoredHash::parse(stored)).collect();
        let password = password.clone();
        Ok(self.pool.run(move |memory| matches_any(&password, &recent, memory)).await??)
    }
}

fn matches_any(password: &Password, recent: &[StoredHash], memory: &mut Memory) -> Result<bool, HashError> {
    let mut reused = false;
    for hash in recent {
        for form in password.forms() {
            reused |= hash.matches(form, memory)?;
        }
    }
    Ok(reused)
}

#[cfg(test)]
mod tests {
    use shared::clock::Random;

    use super::super::{Pool, SETTINGS};
    use super::*;

    /// Of `password`, cheaply.
    const OLD: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    /// Of `U*U`.
    const OTHER: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    async fn reused(text: &str, recent: &[&str]) -> bool {
        let hasher = Hasher::new(&SETTINGS, Random::default(), Pool::new(&SETTINGS));
        let recent: Vec<String> = recent.iter().map(|stored| (*stored).to_owned()).collect();
        hasher.reused(&Password::parse(text.to_owned()).ok().unwrap(), &recent).await.unwrap()
    }

    #[tokio::test]
    async fn a_password_among_the_last_five_is_found() {
        assert!(reused("password", &[OTHER, OTHER, "no hash", OTHER, OLD]).await);
        assert!(reused("password", &[OLD, OTHER]).await);
        assert!(reused("U*U", &[OLD, OTHER]).await);
        assert!(!reused("another", &[OLD, OTHER]).await);
        assert!(!reused("password", &[]).await);
    }

    #[tokio::test]
    async fn the_sixth_is_forgotten() {
        assert!(!reused("password", &[OTHER, OTHER, OTHER, OTHER, OTHER, OLD]).await);
    }
}
