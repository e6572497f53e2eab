//! Opening some frames of a long value, so that a part of it can be read without the rest.
//!
//! Whoever keeps a sealed value keeps its header and the length of what it holds beside it. From these the number of
//! frames is known, and so each frame's place, its length and whether it is the last: a value that was cut short, added to
//! or put together anew has frames that don't open.

use std::ops::{Range, RangeInclusive};

use ring::aead::MAX_TAG_LEN;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::header::{HEADER_LEN, Header};
use super::{FRAME_LEN, FrameCipher, derive};
use crate::vault::VaultError;

const FRAME: u64 = FRAME_LEN as u64;
const SEALED_FRAME: u64 = FRAME + MAX_TAG_LEN as u64;

/// The frames of one sealed value, whose bytes are somewhere else.
pub struct Frames {
    cipher: FrameCipher,
    length: u64,
    count: u32,
}

impl Frames {
    /// The frames of a value with this header, sealed under `data_key` and the canonical `context`, that holds `length`
    /// bytes of plaintext.
    ///
    /// # Errors
    /// [`VaultError::Malformed`] where header and length don't fit each other; [`VaultError::Rejected`] where the key is
    /// another.
    pub fn new(data_key: &[u8; 32], context: &[u8], head: &[u8], length: u64) -> Result<Self, VaultError> {
        let head = head.try_into().map_err(|_| VaultError::Malformed("a header is not of its length"))?;
        let header = Header::parse(head)?;
        if header.framed != (length > FRAME) {
            return Err(VaultError::Malformed("the header and the length don't fit each other"));
        }
        let (key, commitment) = derive(data_key, &header.message_id)?;
        if !bool::from(commitment.ct_eq(&header.commitment)) {
            return Err(VaultError::Rejected);
        }
        let count = u32::try_from(length.div_ceil(FRAME).max(1));
        let count = count.map_err(|_| VaultError::Malformed("a value has too many frames"))?;
        Ok(Self { cipher: FrameCipher::new(&key, head, context)?, length, count })
    }

    /// Bytes of the whole sealed value. One that is shorter or longer is not the one that was sealed.
    pub fn sealed_length(&self) -> u64 {
        sealed_length(self.length)
    }

    /// The numbers, from 1, of the frames that hold a range of the plaintext.
    ///
    /// # Errors
    /// [`VaultError::Malformed`] for a range that is empty or goes beyond the end; the empty value has the range 0..0.
    pub fn holding(&self, range: &Range<u64>) -> Result<RangeInclusive<u32>, VaultError> {
        let whole_of_nothing = self.length == 0 && range.end == 0;
        if range.end > self.length || (range.is_empty() && !whole_of_nothing) {
            return Err(VaultError::Malformed("a range is not within the value"));
        }
        let number = |at: u64| u32::try_from(at / FRAME + 1).unwrap_or(u32::MAX);
        Ok(number(range.start)..=number(range.end.saturating_sub(1)))
    }

    /// Where a frame stands in the sealed value.
    pub fn place(&self, number: u32) -> Range<u64> {
        let start = HEADER_LEN as u64 + u64::from(number.saturating_sub(1)) * SEALED_FRAME;
        start..(start + SEALED_FRAME).min(self.sealed_length())
    }

    /// Where a frame's plaintext stands in the value's.
    pub fn holds(&self, number: u32) -> Range<u64> {
        let start = u64::from(number.saturating_sub(1)) * FRAME;
        start..(start + FRAME).min(self.length)
    }

    /// Opens one frame, whose sealed bytes are those at its [`Frames::place`]. Frames may be opened in any order.
    ///
    /// # Errors
    /// [`VaultError::Malformed`] where there is no such frame or it is not of its length; [`VaultError::Rejected`] where it
    /// doesn't open.
    pub fn open(&mut self, number: u32, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let place = self.place(number);
        if !(1..=self.count).contains(&number) || sealed.len() as u64 != place.end - place.start {
            return Err(VaultError::Malformed("a frame is not of its length"));
        }
        let (ciphertext, tag) =
            sealed.split_last_chunk().ok_or(VaultError::Malformed("a frame is shorter than its tag"))?;
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        self.cipher.number = number - 1;
        self.cipher.open(number == self.count, &mut plaintext, *tag)?;
        Ok(plaintext)
    }
}

/// Bytes of a value of `length` bytes once it is sealed.
pub fn sealed_length(length: u64) -> u64 {
    HEADER_LEN as u64 + length + length.div_ceil(FRAME).max(1) * MAX_TAG_LEN as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::super::seal;
    use super::*;
    use crate::clock::Random;

    const KEY: [u8; 32] = [7; 32];
    const CONTEXT: &[u8] = b"context";

    fn plaintext(length: usize) -> Vec<u8> {
        (0..=250).cycle().take(length).collect()
    }

    fn sealed(length: usize) -> Vec<u8> {
        seal(&Random::default(), &KEY, 1, CONTEXT, &plaintext(length)).unwrap()
    }

    /// A range of the plaintext, as somebody reads it who has the header and the length from elsewhere.
    fn read(head: &[u8], object: &[u8], length: usize, range: &Range<u64>) -> Result<Vec<u8>, VaultError> {
        let mut frames = Frames::new(&KEY, CONTEXT, head, length as u64)?;
        if frames.sealed_length() != object.len() as u64 {
            return Err(VaultError::Rejected);
        }
        let mut out = Vec::new();
        for number in frames.holding(range)? {
            let (place, holds) = (frames.place(number), frames.holds(number));
            let place = usize::try_from(place.start).unwrap()..usize::try_from(place.end).unwrap();
            let opened = frames.open(number, &object[place])?;
            let from = range.start.max(holds.start) - holds.start;
            let to = range.end.min(holds.end) - holds.start;
            out.extend_from_slice(&opened[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()]);
        }
        Ok(out)
    }

    fn whole(object: &[u8], length: usize) -> Result<Vec<u8>, VaultError> {
        read(&object[..HEADER_LEN], object, length, &(0..length as u64))
    }

    /// Lengths around the borders of frames as often as others.
    fn lengths() -> impl Strategy<Value = usize> {
        let border = (0_usize..4, 0_usize..4).prop_map(|(frames, near)| (frames * FRAME_LEN + near).saturating_sub(2));
        prop_oneof![border, 0_usize..3 * FRAME_LEN]
    }

    #[test]
    fn the_length_of_a_sealed_value_is_known_before_it_is_sealed() {
        for length in [0, 1, FRAME_LEN - 1, FRAME_LEN, FRAME_LEN + 1, 2 * FRAME_LEN, 200_000] {
            assert_eq!(sealed_length(length as u64), sealed(length).len() as u64, "{length} bytes");
            assert_eq!(whole(&sealed(length), length).unwrap(), plaintext(length), "{length} bytes");
        }
    }

    #[test]
    fn a_range_beyond_the_end_and_an_empty_one_are_refused() {
        let object = sealed(10);
        for (start, end) in [(0, 11), (5, 5), (9, 3), (10, 11), (0, 0)] {
            assert!(read(&object[..HEADER_LEN], &object, 10, &(start..end)).is_err(), "{start}..{end}");
        }
    }

    #[test]
    fn frames_can_be_neither_dropped_nor_swapped_nor_repeated_nor_added() {
        let length = 3 * FRAME_LEN;
        let good = sealed(length);
        let other = sealed(length);
        let (head, body) = good.split_at(HEADER_LEN);
        let frames: Vec<&[u8]> = body.chunks(FRAME_LEN + MAX_TAG_LEN).collect();
        let [one, two, three] = frames[..] else { panic!("three frames") };
        let foreign = &other[HEADER_LEN..HEADER_LEN + FRAME_LEN + MAX_TAG_LEN];
        let cases: [&[&[u8]]; 7] = [
            &[two, one, three],
            &[one, three, two],
            &[one, two, two],
            &[one, two],
            &[one, two, three, three],
            &[one, two, three, &[0]],
            &[foreign, two, three],
        ];
        for (case, frames) in cases.iter().enumerate() {
            assert!(whole(&[head, &frames.concat()].concat(), length).is_err(), "case {case}");
        }
        // A length that somebody lowered makes another frame the last one.
        assert!(whole(&[head, one, two].concat(), 2 * FRAME_LEN).is_err());
        assert!(whole(&[&other[..HEADER_LEN], body].concat(), length).is_err(), "another message's header");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_range_is_the_slice_of_the_plaintext(length in lengths(), one: Index, other: Index) {
            let (one, other) = (one.index(length + 1), other.index(length + 1));
            let range = one.min(other)..one.max(other);
            let object = sealed(length);
            let got = read(&object[..HEADER_LEN], &object, length, &(range.start as u64..range.end as u64));
            if range.is_empty() && length > 0 {
                prop_assert!(got.is_err());
            } else {
                prop_assert_eq!(got.unwrap(), &plaintext(length)[range]);
            }
        }

        #[test]
        fn any_changed_byte_is_noticed(length in lengths(), at: Index, flip in 1_u8..) {
            let mut object = sealed(length);
            let at = at.index(object.len());
            object[at] ^= flip;
            prop_assert!(whole(&object, length).is_err());
        }

        #[test]
        fn a_value_of_another_length_is_noticed(length in lengths(), cut: Index, more in 1_usize..70_000) {
            let object = sealed(length);
            let shorter = cut.index(object.len());
            prop_assert!(read(&object[..HEADER_LEN], &object[..shorter], length, &(0..length as u64)).is_err());
            let longer = [&object[..], &vec![0; more]].concat();
            prop_assert!(whole(&longer, length).is_err());
        }

        #[test]
        fn no_header_makes_it_panic(head: Vec<u8>, length: u64) {
            prop_assert!(Frames::new(&KEY, CONTEXT, &head, length).is_err());
        }
    }
}
