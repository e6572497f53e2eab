//! The canonical form of a context: what a sealed value or a wrapped key is bound to.

use super::VaultError;

/// Appends the canonical bytes of `pairs` to `out`: a u16 count, then each name and value preceded by its u16
/// length, big endian, sorted by name. Two different contexts never share their bytes.
///
/// # Errors
/// [`VaultError::Malformed`] where a name stands twice or a text is longer than 65,535 bytes.
pub fn encode<'a>(out: &mut Vec<u8>, pairs: &mut [(&'a str, &'a str)]) -> Result<(), VaultError> {
    pairs.sort_unstable_by_key(|(name, _)| *name);
    if pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(VaultError::Malformed("a context names a field twice"));
    }
    out.extend_from_slice(&length(pairs.len())?);
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        out.extend_from_slice(&length(text.len())?);
        out.extend_from_slice(text.as_bytes());
    }
    Ok(())
}

fn length(length: usize) -> Result<[u8; 2], VaultError> {
    u16::try_from(length).map(u16::to_be_bytes).map_err(|_| VaultError::Malformed("a context is too long"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(pairs: &[(&str, &str)]) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&mut out, &mut pairs.to_vec()).unwrap();
        out
    }

    #[test]
    fn has_the_documented_bytes() {
        assert_eq!(bytes(&[("b", "xy"), ("a", "")]), b"\0\x02\0\x01a\0\0\0\x01b\0\x02xy");
        assert_eq!(bytes(&[]), [0, 0]);
    }

    #[test]
    fn refuses_a_name_that_stands_twice_and_texts_beyond_the_length() {
        let long = "x".repeat(65_536);
        assert!(encode(&mut Vec::new(), &mut [("a", "1"), ("a", "2")]).is_err());
        assert!(encode(&mut Vec::new(), &mut [("a", &long)]).is_err());
        assert!(encode(&mut Vec::new(), &mut [("a", &long[1..])]).is_ok());
    }

    proptest! {
        #[test]
        fn different_values_have_different_bytes(
            one in ("[ab]{0,4}", "[ab]{0,4}"), other in ("[ab]{0,4}", "[ab]{0,4}"),
        ) {
            let of = |(a, b): &(String, String)| bytes(&[("a", a), ("b", b)]);
            prop_assert_eq!(one == other, of(&one) == of(&other));
        }
    }
}
