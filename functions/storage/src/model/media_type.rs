//! What a file says it is, what it looks like, and what it is served as.

use infer::MatcherType;

/// How many first bytes are looked at.
pub(crate) const SNIFFED: usize = 1024;

/// What is served as what it is; anything else is only bytes.
const SERVED: [&str; 18] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/tiff",
    "image/bmp",
    "image/heif",
    "application/pdf",
    "application/dicom",
    "application/zip",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "audio/mpeg",
    "audio/m4a",
    "audio/ogg",
    "audio/x-wav",
    "audio/x-flac",
];

/// What a client may declare beside those. None of them is believed.
const DECLARED: [&str; 16] = [
    "text/plain",
    "text/csv",
    "text/html",
    "text/xml",
    "text/markdown",
    "text/javascript",
    "image/svg+xml",
    "application/json",
    "application/fhir+json",
    "application/xml",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.ms-excel",
    "audio/mp4",
];

/// Bytes of which nothing more is said.
pub(crate) const BYTES: &str = "application/octet-stream";

/// What a client says a file is. Free text could name somebody: of types not on a list, only that there was one is kept.
pub(crate) fn declared(text: Option<&str>) -> &'static str {
    let essence = text.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    let known = SERVED.into_iter().chain(DECLARED);
    known.into_iter().find(|known| known.eq_ignore_ascii_case(essence)).unwrap_or(BYTES)
}

/// What a file is by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sniffed {
    /// Of a type that is served.
    Known(&'static str),
    /// Text without markup in it.
    Text,
    /// Something that a browser or a machine would run: HTML, SVG and other XML, a script, a program.
    Active,
    /// Anything else.
    Unknown,
}

impl Sniffed {
    /// Looks at the first [`SNIFFED`] bytes of a file.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let head = &bytes[..bytes.len().min(SNIFFED)];
        if head.get(128..132) == Some(b"DICM") {
            return Self::Known("application/dicom");
        }
        if let Some(kind) = infer::get(head) {
            return match kind.matcher_type() {
                MatcherType::App | MatcherType::Text => Self::Active,
                _ => SERVED.into_iter().find(|served| *served == kind.mime_type()).map_or(Self::Unknown, Self::Known),
            };
        }
        match text_of(head) {
            Some(text) if has_markup(text) => Self::Active,
            Some(_) if !bytes.is_empty() => Self::Text,
            _ => Self::Unknown,
        }
    }

    /// What it is served as.
    pub(crate) fn served(self) -> &'static str {
        match self {
            Self::Known(name) => name,
            Self::Text => "text/plain",
            Self::Active | Self::Unknown => BYTES,
        }
    }

    /// Whether it is something to run that says it were a picture, a document or a recording.
    pub(crate) fn is_disguised_as(self, declared: &str) -> bool {
        let claims = ["image/", "audio/", "video/"].iter().any(|kind| declared.starts_with(kind))
            || ["application/pdf", "application/dicom", "application/zip", "application/msword"].contains(&declared)
            || declared.starts_with("application/vnd.");
        self == Self::Active && claims && declared != "image/svg+xml"
    }
}

/// The bytes as text, where they are: a character may be cut at the end.
fn text_of(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let binary = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}');
    (!text.chars().any(binary)).then_some(text)
}

fn has_markup(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let begins = ["<?xml", "<!doctype", "<!--", "#!"].iter().any(|mark| text.starts_with(mark));
    begins || ["<svg", "<html", "<script", "<iframe", "<body"].iter().any(|tag| text.contains(tag))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn a_type_is_read_off_the_first_bytes() {
        let mut dicom = vec![0; 128];
        dicom.extend_from_slice(b"DICM");
        for (bytes, served) in [
            (PNG, "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"PK\x03\x04\x14\0", "application/zip"),
            (&dicom, "application/dicom"),
            (b"name,age\nada,36\n", "text/plain"),
            ("Grüße".as_bytes(), "text/plain"),
            (b"<!doctype html><p>", BYTES),
            (b"\x7fELF\x02\x01\x01", BYTES),
            (b"\0\x01\x02", BYTES),
            (b"", BYTES),
        ] {
            assert_eq!(Sniffed::of(bytes).served(), served, "{bytes:?}");
        }
    }

    #[test]
    fn what_runs_may_not_say_it_were_something_to_look_at() {
        let program = [b"\x7fELF\x02\x01\x01\0".as_slice(), &[0; 64]].concat();
        let active: [&[u8]; 6] = [
            b"<html><body>",
            b"  \n<SVG xmlns='http://www.w3.org/2000/svg' onload='x'>",
            b"\xef\xbb\xbf<?xml version='1.0'?><svg>",
            b"<!-- --><script>",
            b"#!/bin/sh\n",
            &program,
        ];
        for (at, bytes) in active.iter().enumerate() {
            assert_eq!(Sniffed::of(bytes), Sniffed::Active, "case {at}");
            for claim in ["image/png", "application/pdf", "video/mp4", "application/vnd.ms-excel"] {
                assert!(Sniffed::of(bytes).is_disguised_as(claim), "case {at} as {claim}");
            }
            for honest in ["text/html", "image/svg+xml", BYTES, "text/plain"] {
                assert!(!Sniffed::of(bytes).is_disguised_as(honest), "case {at} as {honest}");
            }
        }
        assert!(!Sniffed::of(PNG).is_disguised_as("image/jpeg"), "served as what it is");
    }

    #[test]
    fn of_what_is_declared_only_known_names_are_kept() {
        for (text, kept) in [
            (Some("image/PNG; q=1"), "image/png"),
            (Some("text/csv"), "text/csv"),
            (Some("application/ada-lovelace"), BYTES),
            (Some(""), BYTES),
            (None, BYTES),
        ] {
            assert_eq!(declared(text), kept);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_type(bytes: Vec<u8>) {
            let served = Sniffed::of(&bytes).served();
            prop_assert!(SERVED.contains(&served) || served == BYTES || served == "text/plain");
        }
    }
}
