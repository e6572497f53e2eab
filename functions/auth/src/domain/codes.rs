//! Six-digit codes that go to an address: five minutes, five tries, used once (NIST SP 800-63B-4, section 3.1.3).

use jiff::SignedDuration;
use shared::data::Statements;
use shared::http::Problem;
use shared::vault::BlindIndex;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::App;
use crate::store::one_time_codes;

/// How long a code holds.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
const MOST_TRIES: i16 = 5;

/// Makes a code for a user, nil for nobody, and one purpose, which names the ceremony it belongs to; an earlier code
/// of the same purpose is over.
pub(crate) async fn issue(app: &App, on: &impl Statements, user_id: Uuid, purpose: &str) -> Result<String, Problem> {
    let platform = &app.platform;
    let code = format!("{:06}", below_a_million(app)?);
    let mac = mac(app, user_id, purpose, &code).await?;
    let now = platform.now();
    one_time_codes::insert(on, platform.new_id()?, user_id, purpose, mac.as_bytes(), now, now + LIFETIME).await?;
    Ok(code)
}

/// Whether a code is the one that was sent; counted before it is compared, and used up where it is right. Of parallel
/// tries one succeeds.
pub(crate) async fn take(
    app: &App,
    on: &impl Statements,
    user_id: Uuid,
    purpose: &str,
    code: &str,
) -> Result<bool, Problem> {
    let now = app.platform.now();
    let sent = mac(app, user_id, purpose, code.trim()).await?;
    let Some((id, stored)) = one_time_codes::count_try(on, user_id, purpose, MOST_TRIES, now).await? else {
        return Ok(false);
    };
    let right: bool = stored.as_slice().ct_eq(sent.as_bytes()).into();
    Ok(right && one_time_codes::use_up(on, id, now).await?)
}

/// 400 for a code that is wrong, used or over.
pub(crate) fn invalid() -> Problem {
    Problem::bad_request("code_invalid", "This code is not right")
        .detail("It may be mistyped, used already or over. After 5 wrong tries ask for a new one.")
}

async fn mac(app: &App, user_id: Uuid, purpose: &str, code: &str) -> Result<BlindIndex, Problem> {
    let text = format!("{purpose}\n{code}");
    Ok(app.platform.vault.mac(&app.platform.db, "one-time code", Some(user_id), &text).await?)
}

/// Uniform: numbers beyond the last whole million are drawn again.
fn below_a_million(app: &App) -> Result<u32, Problem> {
    const MILLION: u32 = 1_000_000;
    const FAIR: u32 = u32::MAX - u32::MAX % MILLION;
    loop {
        let number = u32::from_be_bytes(app.platform.random.bytes()?);
        if number < FAIR {
            return Ok(number % MILLION);
        }
    }
}
