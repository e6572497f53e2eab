use proptest::prelude::*;

use super::*;

const KEY: [u8; 32] = [7; 32];
const CONTEXT: &[u8] = b"context";
const SEALED_FRAME: usize = FRAME_LEN + MAX_TAG_LEN;

fn sealed(plaintext: &[u8]) -> Vec<u8> {
    seal(&Random::default(), &KEY, 3, CONTEXT, plaintext).unwrap()
}

fn opens(sealed: &[u8]) -> bool {
    open(&KEY, CONTEXT, sealed).is_ok()
}

fn bytes(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

#[test]
fn gives_back_what_was_sealed_at_every_size_around_a_frame() {
    for length in [0, 1, 65_535, 65_536, 65_537, 131_072, 131_073, 200_000] {
        let plaintext = bytes(length);
        let sealed = sealed(&plaintext);
        let frames = length.div_ceil(FRAME_LEN).max(1);
        assert_eq!(sealed.len(), length + HEADER_LEN + frames * MAX_TAG_LEN, "{length} bytes");
        assert_eq!(*open(&KEY, CONTEXT, &sealed).unwrap(), plaintext, "{length} bytes");
        assert_eq!(plaintext_len(sealed.len()), length);
    }
}

#[test]
fn adds_88_bytes_to_a_value_of_one_frame() {
    assert_eq!(OVERHEAD, 88);
    assert_eq!(sealed(&bytes(256)).len(), 256 + 88);
    assert_eq!(sealed(&bytes(FRAME_LEN)).len(), FRAME_LEN + 88);
}

#[test]
fn has_the_documented_header() {
    let random_part = |sealed: &[u8]| sealed[8..40].to_vec();
    let (one, other) = (sealed(b"value"), sealed(b"value"));
    assert_eq!(one[..8], [1, 1, 0, 0, 0, 0, 0, 3]);
    assert_eq!(sealed(&bytes(FRAME_LEN + 1))[..8], [1, 1, 1, 16, 0, 0, 0, 3]);
    assert_ne!(random_part(&one), random_part(&other));
    assert_eq!(derive(&KEY, one[8..40].try_into().unwrap()).unwrap().1, one[40..72]);
    assert_eq!(key_version(&one).unwrap(), 3);
}

#[test]
fn refuses_what_it_does_not_know_before_it_uses_a_key() {
    let good = sealed(b"value");
    for (offset, value) in [(0, 0), (0, 2), (1, 0), (1, 2), (2, 2), (2, 1), (2, 128), (3, 16), (3, 1)] {
        let mut changed = good.clone();
        changed[offset] = value;
        let refused = open(&KEY, CONTEXT, &changed).unwrap_err();
        assert!(matches!(refused, VaultError::Malformed(_)), "byte {offset} = {value}: {refused}");
    }
    for length in [0, 1, HEADER_LEN, OVERHEAD - 1] {
        assert!(matches!(open(&KEY, CONTEXT, &good[..length]), Err(VaultError::Malformed(_))), "{length} bytes");
        assert!(matches!(key_version(&good[..length]), Err(VaultError::Malformed(_))), "{length} bytes");
    }
}

#[test]
fn an_unframed_value_is_no_longer_than_a_frame() {
    let mut long = sealed(&bytes(FRAME_LEN));
    long.push(0);
    assert!(matches!(open(&KEY, CONTEXT, &long), Err(VaultError::Malformed(_))));
}

#[test]
fn opens_under_no_other_key_and_no_other_context() {
    let good = sealed(b"value");
    assert!(matches!(open(&[8; 32], CONTEXT, &good), Err(VaultError::Rejected)));
    assert!(matches!(open(&KEY, b"contexu", &good), Err(VaultError::Rejected)));
    assert!(matches!(open(&KEY, b"", &good), Err(VaultError::Rejected)));
}

#[test]
fn frames_can_be_neither_cut_off_nor_added_nor_swapped_nor_repeated() {
    let good = sealed(&bytes(3 * FRAME_LEN));
    let (head, body) = good.split_at(HEADER_LEN);
    let frames: Vec<_> = body.chunks(SEALED_FRAME).collect();
    let opens = |frames: &[&[u8]]| opens(&[head, &frames.concat()].concat());
    let [one, two, three] = frames[..] else { panic!("three frames") };
    assert!(opens(&[one, two, three]));
    let spliced: [&[&[u8]]; 8] = [
        &[one],
        &[one, two],
        &[two, three],
        &[two, one, three],
        &[one, three, two],
        &[one, two, three, three],
        &[one, two, two, three],
        &[one, two, three, &[0; MAX_TAG_LEN]],
    ];
    for (case, frames) in spliced.iter().enumerate() {
        assert!(!opens(frames), "case {case}");
    }
}

#[test]
fn a_frame_of_another_message_does_not_fit() {
    let plaintext = bytes(FRAME_LEN + 9);
    let (one, other) = (sealed(&plaintext), sealed(&plaintext));
    let cut = HEADER_LEN + SEALED_FRAME;
    assert!(!opens(&[&one[..cut], &other[cut..]].concat()));
}

#[test]
fn a_framed_value_of_several_frames_resists_a_flip_anywhere() {
    let good = sealed(&bytes(2 * FRAME_LEN + 5));
    for offset in (0..HEADER_LEN).chain((HEADER_LEN..good.len()).step_by(4_099)).chain([good.len() - 1]) {
        let mut changed = good.clone();
        changed[offset] ^= 1;
        assert!(!opens(&changed), "byte {offset}");
    }
}

proptest! {
    #[test]
    fn any_value_comes_back(plaintext in proptest::collection::vec(any::<u8>(), 0..2_000), context: Vec<u8>) {
        let sealed = seal(&Random::default(), &KEY, 1, &context, &plaintext).unwrap();
        prop_assert_eq!(&*open(&KEY, &context, &sealed).unwrap(), &plaintext);
    }

    #[test]
    fn any_changed_byte_is_noticed(length in 0_usize..300, at: proptest::sample::Index, flip in 1_u8..) {
        let mut changed = sealed(&bytes(length));
        let at = at.index(changed.len());
        changed[at] ^= flip;
        prop_assert!(!opens(&changed));
    }

    #[test]
    fn any_truncation_and_any_addition_is_noticed(length in 0_usize..300, cut: proptest::sample::Index, more: u8) {
        let mut value = sealed(&bytes(length));
        prop_assert!(!opens(&value[..cut.index(value.len())]));
        value.push(more);
        prop_assert!(!opens(&value));
    }

    #[test]
    fn no_bytes_make_it_panic(noise: Vec<u8>, good in any::<bool>()) {
        let mut value = noise;
        if good {
            value.splice(0..0, [1, 1, 1, 16]);
        }
        prop_assert!(!opens(&value));
    }
}
