//! Time-based one-time passwords (RFC 6238): SHA-1, six digits, steps of 30 s, one step early or late.

use shared::Platform;
use shared::data::Statements;
use shared::http::Problem;
use shared::vault::Field;
use totp_rs::{Builder, Secret, Totp};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::App;
use crate::store::factors::{self, Factor};

/// 160 bits, as RFC 4226, section 4, recommends.
const SECRET_BYTES: usize = 20;

/// A new secret, and what an authenticator app takes it in by.
pub(crate) struct NewSecret {
    pub(crate) bytes: Zeroizing<[u8; SECRET_BYTES]>,
    /// Base 32, to be typed.
    pub(crate) text: String,
    /// `otpauth://totp/...`
    pub(crate) uri: String,
    /// The same as an SVG picture.
    pub(crate) qr_svg: String,
}

impl NewSecret {
    /// Makes a secret for an account of that name.
    pub(crate) fn generate(platform: &Platform, account: &str) -> Result<Self, Problem> {
        let bytes = Zeroizing::new(platform.random.bytes::<SECRET_BYTES>()?);
        // The label's parts are told apart by a colon.
        let plain = |text: &str| text.replace(':', " ");
        let totp = builder(bytes.as_slice())
            .with_account_name(plain(account))
            .with_issuer(Some(plain(&platform.settings.relying_party.name)))
            .build()
            .map_err(|_| Problem::internal("a TOTP secret could not be made"))?;
        let uri = totp.to_url().map_err(|_| Problem::internal("a TOTP secret has no URI"))?;
        let code = qrcode::QrCode::new(uri.as_bytes()).map_err(|_| Problem::internal("a TOTP URI has no QR code"))?;
        let qr_svg = code.render::<qrcode::render::svg::Color>().min_dimensions(220, 220).build();
        Ok(Self { text: Secret::from(bytes.to_vec()).to_base32(), uri, qr_svg, bytes })
    }
}

/// Whether a code is right and was not taken before: its step is used up.
pub(crate) async fn take(
    app: &App,
    on: &impl Statements,
    user_id: Uuid,
    factor: &Factor,
    code: &str,
) -> Result<bool, Problem> {
    let platform = &app.platform;
    let sealed = factor.secret.as_deref().ok_or_else(|| Problem::internal("a TOTP factor has no secret"))?;
    let secret = platform.vault.open_any(&platform.db, user_id, &field(&factor.id.to_string()), sealed).await?;
    let now = platform.now();
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let Some(step) = totp(&secret)?.check(&digits(code), seconds) else { return Ok(false) };
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    Ok(factors::take_step(on, factor.id, step, now).await?)
}

/// Seals a new secret for its factor's row.
pub(crate) async fn seal(app: &App, user_id: Uuid, id: Uuid, secret: &[u8]) -> Result<Vec<u8>, Problem> {
    let key = app.platform.vault.owner_key(&app.platform.db, user_id).await?;
    Ok(key.seal(&field(&id.to_string()), secret)?)
}

fn builder(secret: &[u8]) -> Builder {
    Builder::new().with_secret(Secret::from(secret.to_vec()))
}

fn totp(secret: &[u8]) -> Result<Totp, Problem> {
    builder(secret).build().map_err(|_| Problem::internal("a TOTP secret is not of its form"))
}

/// People type codes in groups.
fn digits(code: &str) -> String {
    code.chars().filter(|character| !character.is_whitespace()).collect()
}

fn field(row: &str) -> Field<'_> {
    Field { table: "two_factor_auth", column: "secret", row }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        let totp = totp(b"12345678901234567890").unwrap();
        // Appendix B, the last six of eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp.check(code, seconds), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_holds_one_step_early_and_late_and_no_longer() {
        let totp = totp(b"12345678901234567890").unwrap();
        for (seconds, right) in [(0, true), (29, true), (89, true), (90, false), (1_000, false)] {
            assert_eq!(totp.check("287082", seconds).is_some(), right, "{seconds}");
        }
        for code in ["", "28708", "2870822", "28708a", "２８７０８２"] {
            assert_eq!(totp.check(&digits(code), 59), None, "{code}");
        }
        assert!(totp.check(&digits("287 082 "), 59).is_some());
    }
}
