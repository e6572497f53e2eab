//! bcrypt hashes of systems Ward took over: verified, never made.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A cost of 14 takes a second; one more takes two.
const COSTS: std::ops::RangeInclusive<u32> = 4..=14;

/// All that bcrypt takes in of a password.
const KEY_LEN: usize = 72;

/// Lenient about the two to four bits a last character has too many: some systems left them as they came.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A stored bcrypt hash of a cost that can be paid.
pub(super) struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    hash: [u8; 23],
}

impl Bcrypt {
    /// Parses `$2a$`, `$2b$` or `$2y$`, two digits, `$`, 22 characters of salt and 31 of hash. They differ in bugs of
    /// their implementations, which a correct one need not repeat; `$2x$` asks for such a bug and is refused.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|version| text.strip_prefix(version))?;
        let (cost, rest) = rest.split_once('$')?;
        let cost =
            if cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit()) { cost.parse().ok()? } else { 0 };
        let (salt, hash) = rest.split_at_checked(22)?;
        Some(Self {
            cost: COSTS.contains(&cost).then_some(cost)?,
            salt: BASE64.decode(salt).ok()?.try_into().ok()?,
            hash: BASE64.decode(hash).ok()?.try_into().ok()?,
        })
    }

    /// Whether the first 72 bytes match, which is all the system before compared.
    ///
    /// A password with a NUL among them never does: C implementations end there, and bcrypt's key repeats itself with
    /// a NUL between, so that `a` and `a\0a` would be the same.
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let seen = &password[..password.len().min(KEY_LEN)];
        let mut key = Zeroizing::new([0; KEY_LEN]);
        key[..seen.len()].copy_from_slice(seen);
        let terminated = (seen.len() + 1).min(KEY_LEN);
        let computed = Zeroizing::new(::bcrypt::bcrypt(self.cost, self.salt, &key[..terminated]));
        let equal: bool = computed[..self.hash.len()].ct_eq(&self.hash).into();
        equal && !seen.contains(&0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL_72: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    fn matches(text: &str, password: &[u8]) -> bool {
        Bcrypt::parse(text).unwrap().matches(password)
    }

    #[test]
    fn openwalls_vectors_are_verified() {
        let aa_72 = [0xaa; 72];
        let aa_55_72 = [0xaa, 0x55].repeat(36);
        let vectors: [(&str, &[u8]); 12] = [
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", b"U*U"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", b"U*U*"),
            ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", b"U*U*U"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", b""),
            ("$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui", ALL_72),
            ("$2a$05$/OK.fbVrR/bpIqNJ5ianF.swQOIzjOiJ9GHEPuhEkvqrUyvWhEMx6", &aa_72),
            ("$2a$05$/OK.fbVrR/bpIqNJ5ianF.R9xrDjiycxMbQE2bp.vgqlYpW5wx2yy", &aa_55_72),
            ("$2a$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", b"\xa3"),
            ("$2b$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", b"\xa3"),
            ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", b"\xa3"),
            ("$2b$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3"),
            ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3"),
        ];
        for (text, password) in vectors {
            assert!(matches(text, password), "{text}");
            assert!(!matches(text, &[b"x", password].concat()), "{text}");
        }
    }

    #[test]
    fn what_stands_behind_72_bytes_is_not_compared() {
        let text = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
        assert!(matches(text, &[ALL_72, b"chars after 72 are ignored"].concat()));
        assert!(matches(text, &[ALL_72, b"\0"].concat()));
        assert!(!matches(text, &ALL_72[..71]));
    }

    #[test]
    fn a_nul_never_matches() {
        let text = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        let repeated = b"U*U\0U*U";
        let bcrypt = Bcrypt::parse(text).unwrap();
        let of_the_repeated = ::bcrypt::bcrypt(bcrypt.cost, bcrypt.salt, &[repeated.as_slice(), b"\0"].concat());
        assert_eq!(of_the_repeated[..23], bcrypt.hash, "bcrypt itself takes the two for the same");
        assert!(!bcrypt.matches(repeated));
        assert!(!bcrypt.matches(b"U*U\0"));
        assert!(!matches("$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", b"\0"));
    }

    #[test]
    fn bits_beyond_the_salt_do_not_matter() {
        // `C` where the canonical last character is `.`.
        assert!(matches("$2a$05$CCCCCCCCCCCCCCCCCCCCCCE5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", b"U*U"));
    }

    #[test]
    fn other_forms_and_costs_are_refused() {
        let rest = "$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for head in ["$2a$04", "$2b$14", "$2y$10"] {
            assert!(Bcrypt::parse(&format!("{head}{rest}")).is_some(), "{head}");
        }
        for head in
            ["$2x$05", "$2$05", "$2c$05", "2a$05", "$2a$03", "$2a$15", "$2a$31", "$2a$5", "$2a$+5", "$2a$005", "$2a$"]
        {
            assert!(Bcrypt::parse(&format!("{head}{rest}")).is_none(), "{head}");
        }
        let whole = format!("$2a$05{rest}");
        for wrong in [
            &whole[..59],
            &format!("{whole}A"),
            &format!("{whole} "),
            &whole.replace("CCCCC.", "CCCC=."),
            &whole.replace("CCCCC.", "CCCé."),
        ] {
            assert!(Bcrypt::parse(wrong).is_none(), "{wrong}");
        }
    }
}
