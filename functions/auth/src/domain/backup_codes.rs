//! Backup codes: ten, shown once, each used once (NIST SP 800-63B-4, section 3.1.2, look-up secrets).

use shared::data::Statements;
use shared::http::Problem;
use shared::vault::BlindIndex;
use uuid::Uuid;

use crate::App;
use crate::store::factors;

const HOW_MANY: usize = 10;
/// Crockford's base 32: no letter that looks like a digit.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 50 bits.
const LENGTH: usize = 10;

/// Ten new codes, as they are shown and as they are stored.
pub(crate) struct New {
    codes: Vec<String>,
    macs: Vec<BlindIndex>,
}

/// Makes ten codes. The key of their MACs may have to be fetched: no connection waits for that.
pub(crate) async fn make(app: &App, user_id: Uuid) -> Result<New, Problem> {
    let mut codes = Vec::with_capacity(HOW_MANY);
    let mut macs = Vec::with_capacity(HOW_MANY);
    for _ in 0..HOW_MANY {
        let random: [u8; LENGTH] = app.platform.random.bytes()?;
        let code: String = random.iter().map(|byte| char::from(DIGITS[usize::from(byte % 32)])).collect();
        macs.push(mac(app, user_id, &code).await?);
        codes.push(format!("{}-{}", &code[..LENGTH / 2], &code[LENGTH / 2..]));
    }
    Ok(New { codes, macs })
}

impl New {
    /// Stores them in place of all the user had; gives them, to be shown once.
    pub(crate) async fn store(self, app: &App, on: &impl Statements, user_id: Uuid) -> Result<Vec<String>, Problem> {
        factors::replace_backup_codes(on, user_id, &self.macs, app.platform.now()).await?;
        Ok(self.codes)
    }
}

/// Whether a code is one that is left; it is used up.
pub(crate) async fn take(app: &App, on: &impl Statements, user_id: Uuid, code: &str) -> Result<bool, Problem> {
    let mac = mac(app, user_id, &canonical(code)).await?;
    Ok(factors::take_backup_code(on, user_id, &mac, app.platform.now()).await?)
}

/// As people copy a code: in capitals, with or without the hyphen, with letters for the digits they look like.
fn canonical(code: &str) -> String {
    code.chars()
        .filter(|character| !character.is_whitespace() && *character != '-')
        .map(|character| match character.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect()
}

async fn mac(app: &App, user_id: Uuid, code: &str) -> Result<BlindIndex, Problem> {
    let platform = &app.platform;
    Ok(platform.vault.mac(&platform.db, "backup code", Some(user_id), code).await?)
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        assert_eq!(canonical(" ABCDE-0123l "), "abcde01231");
        assert_eq!(canonical("abcdeO1231"), "abcde01231");
    }
}
