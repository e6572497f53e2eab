//! The one range a download may ask for (RFC 9110, section 14).

use std::ops::Range;

/// What of a content is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// All of it: there is no range, or one that is not understood, or several.
    Whole,
    /// This part of it.
    Part(Range<u64>),
    /// What is not there.
    Unsatisfiable,
}

/// Reads a `Range` header for a content of `length` bytes.
pub(crate) fn asked(header: Option<&str>, length: u64) -> Asked {
    let Some(spec) = header.and_then(|value| value.trim().strip_prefix("bytes=")) else { return Asked::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Asked::Whole };
    let number = |text: &str| (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok());
    let range = match (first, last) {
        ("", suffix) => match number(suffix) {
            Some(count) => length.saturating_sub(count.unwrap_or(u64::MAX))..length,
            None => return Asked::Whole,
        },
        (first, last) => {
            let Some(first) = number(first) else { return Asked::Whole };
            let first = first.unwrap_or(u64::MAX);
            let last = match last {
                "" => u64::MAX,
                last => match number(last) {
                    Some(last) => last.unwrap_or(u64::MAX),
                    None => return Asked::Whole,
                },
            };
            if last < first {
                return Asked::Whole;
            }
            first..last.saturating_add(1).min(length)
        }
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Unsatisfiable }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_single_range_is_read_as_the_standard_has_it() {
        for (header, expected) in [
            (None, Asked::Whole),
            (Some("bytes=0-"), Asked::Part(0..10)),
            (Some("bytes=2-4"), Asked::Part(2..5)),
            (Some("bytes=9-99"), Asked::Part(9..10)),
            (Some("bytes=-3"), Asked::Part(7..10)),
            (Some("bytes=-99"), Asked::Part(0..10)),
            (Some("bytes=-99999999999999999999999"), Asked::Part(0..10)),
            (Some("bytes=0-99999999999999999999999"), Asked::Part(0..10)),
            (Some("bytes=10-"), Asked::Unsatisfiable),
            (Some("bytes=99999999999999999999999-"), Asked::Unsatisfiable),
            (Some("bytes=-0"), Asked::Unsatisfiable),
            (Some("bytes=4-2"), Asked::Whole),
            (Some("bytes=0-1,3-4"), Asked::Whole),
            (Some("bytes=-"), Asked::Whole),
            (Some("bytes=+1-2"), Asked::Whole),
            (Some("lines=1-2"), Asked::Whole),
            (Some(""), Asked::Whole),
        ] {
            assert_eq!(asked(header, 10), expected, "{header:?}");
        }
        assert_eq!(asked(Some("bytes=0-"), 0), Asked::Unsatisfiable);
    }

    proptest! {
        #[test]
        fn a_part_is_within_the_content(header in "bytes=[0-9]{0,22}-[0-9]{0,22}", length: u64) {
            if let Asked::Part(range) = asked(Some(&header), length) {
                prop_assert!(range.start < range.end && range.end <= length);
            }
        }
    }
}
