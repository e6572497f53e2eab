//! A file's name, and how it travels in `Content-Disposition` (RFC 6266, RFC 8187).

use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use shared::http::Problem;

const LONGEST: usize = 255;
/// Bytes of an ending that stays where a name is cut.
const LONGEST_ENDING: usize = 16;
/// Names that Windows reads as devices, whatever their ending; with them COM1 to COM9 and LPT1 to LPT9.
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];

/// RFC 8187's attr-char stand as they are.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// A name of 1 to 255 characters, without folders before it and without what hides or reorders characters. It may name a
/// patient, so it is never stored in clear and stands in no URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileName(String);

impl FileName {
    /// The last part of a path, with whichever slashes.
    ///
    /// # Errors
    /// 400 `invalid_file_name`.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let name = text.rsplit(['/', '\\']).next().unwrap_or_default().trim();
        let fits = (1..=LONGEST).contains(&name.chars().count());
        if fits && name != "." && name != ".." && !name.chars().any(misleads) {
            return Ok(Self(name.to_owned()));
        }
        Err(Problem::bad_request("invalid_file_name", "A file's name has to be 1 to 255 visible characters")
            .detail("Characters that control the text or its direction are none of them."))
    }

    /// The name in a request's `Content-Disposition`.
    ///
    /// # Errors
    /// 400 `invalid_file_name`, also where there is none.
    pub(crate) fn of_request(headers: &HeaderMap) -> Result<Self, Problem> {
        let value = headers.get(header::CONTENT_DISPOSITION).and_then(|value| value.to_str().ok());
        let name = value.and_then(disposition_name).ok_or_else(|| {
            Problem::bad_request("invalid_file_name", "The header Content-Disposition names no file").detail(
                "Send Content-Disposition: attachment; filename*=UTF-8''name.pdf, with the name percent-encoded.",
            )
        })?;
        Self::parse(&name)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }

    /// The name as the last part of a path that every system takes: without what Windows refuses or reads as a device, and
    /// no longer than the bytes a file system gives a name.
    pub(crate) fn in_archive(&self) -> String {
        let taken = |c: char| if c.is_control() || r#"/\:*?"<>|"#.contains(c) { '_' } else { c };
        let name: String = self.0.chars().map(taken).collect();
        let name = name.trim_end_matches(['.', ' ']);
        let (stem, ending) = match name.rfind('.') {
            Some(at) if at > 0 && name.len() - at <= LONGEST_ENDING => name.split_at(at),
            _ => (name, ""),
        };
        let stem = &stem[..stem.floor_char_boundary(LONGEST - 1 - ending.len())];
        let device = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
        let is_device = DEVICES.contains(&&*device)
            || device.strip_prefix("COM").or(device.strip_prefix("LPT")).is_some_and(|rest| rest.chars().count() == 1);
        let before = if is_device || stem.is_empty() { "_" } else { "" };
        format!("{before}{stem}{ending}")
    }

    /// `Content-Disposition` of a download: always an attachment, never shown in the page's place.
    pub(crate) fn disposition(&self) -> HeaderValue {
        let plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '%');
        let ascii: String = self.0.chars().map(|c| if plain(c) { c } else { '_' }).collect();
        let encoded = utf8_percent_encode(&self.0, ENCODED);
        // Every character of it is visible ASCII.
        HeaderValue::from_str(&format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}"))
            .unwrap_or(HeaderValue::from_static("attachment"))
    }
}

/// What makes a name look like another one.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || ('\u{2028}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{206f}').contains(&c)
        || ('\u{fff0}'..='\u{ffff}').contains(&c)
        || ('\u{e0000}'..='\u{e0fff}').contains(&c)
}

/// The file's name in a disposition: `filename*` before `filename`.
fn disposition_name(value: &str) -> Option<String> {
    let mut plain = None;
    for (name, value) in parameters(value)? {
        match name.to_ascii_lowercase().as_str() {
            "filename*" => return extended(&value),
            "filename" if plain.is_none() => plain = Some(value),
            _ => {}
        }
    }
    plain
}

/// `UTF-8'language'percent-encoded`.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    percent_decode_str(encoded).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// The parameters behind the disposition's type; a semicolon may stand in a quoted one.
fn parameters(value: &str) -> Option<Vec<(String, String)>> {
    let mut rest = value.split_once(';').map_or("", |(_, rest)| rest).trim_start();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let (value, behind) = if let Some(quoted) = value.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let (token, _) = value.split_once(';').unwrap_or((value, ""));
            (token.trim_end().to_owned(), &value[token.len()..])
        };
        found.push((name.trim().to_owned(), value));
        rest = behind.trim_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix(';')?.trim_start();
        }
    }
    Some(found)
}

/// The text up to the closing quote, and what comes behind it.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let (mut text, mut escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            _ if escaped => {
                text.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((text, &quoted[at + 1..])),
            _ => text.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(value).ok()?);
        FileName::of_request(&headers).ok().map(FileName::into_string)
    }

    #[test]
    fn a_name_is_the_last_part_of_a_path_and_visible() {
        for (text, name) in [
            ("scan.pdf", "scan.pdf"),
            ("C:\\fake\\scan.pdf", "scan.pdf"),
            ("../../etc/passwd", "passwd"),
            (" Befund Müller.pdf ", "Befund Müller.pdf"),
            ("रिपोर्ट.pdf", "रिपोर्ट.pdf"),
        ] {
            assert_eq!(FileName::parse(text).unwrap().as_str(), name);
        }
        let long = "n".repeat(256);
        for wrong in
            ["", " ", ".", "..", "a/", "a/..", "a\nb", "a\0", "exe\u{202e}fdp.scr", "a\u{200b}b", "a\u{2066}", &long]
        {
            assert!(FileName::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_request_names_its_file_as_rfc_6266_has_it() {
        for (value, name) in [
            ("attachment; filename=\"a b.pdf\"", Some("a b.pdf")),
            ("attachment; filename=a.pdf", Some("a.pdf")),
            ("attachment; filename=\"a;b\\\".pdf\"; x=1", Some("a;b\".pdf")),
            ("attachment; filename=\"x.pdf\"; filename*=UTF-8''%e2%82%ac%20rates.pdf", Some("€ rates.pdf")),
            ("form-data; FileName*=utf-8'en'a%2Fb", Some("b")),
            ("attachment; filename*=iso-8859-1''%a3.pdf", None),
            ("attachment; filename*=UTF-8''%ff", None),
            ("attachment; filename=\"open", None),
            ("attachment", None),
            ("", None),
        ] {
            assert_eq!(of(value).as_deref(), name, "{value}");
        }
    }

    #[test]
    fn in_an_archive_a_name_is_one_that_every_system_takes() {
        let in_archive = |text: &str| FileName::parse(text).unwrap().in_archive();
        for (name, archived) in [
            ("Befund Müller.pdf", "Befund Müller.pdf"),
            ("a:b*c?\"d\"<e>|f.txt", "a_b_c__d__e__f.txt"),
            ("ends with dots...", "ends with dots"),
            ("...", "_"),
            ("nul.txt", "_nul.txt"),
            ("com1", "_com1"),
            ("company.pdf", "company.pdf"),
            (".profile", ".profile"),
        ] {
            assert_eq!(in_archive(name), archived);
        }
        let long = in_archive(&format!("{}.pdf", "ü".repeat(200)));
        assert!(long.len() <= LONGEST && long.ends_with("ü.pdf"), "{long}");
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_place_in_an_archive(text in "\\PC{1,255}") {
            let Ok(name) = FileName::parse(&text) else { return Ok(()) };
            let name = name.in_archive();
            prop_assert!(!name.is_empty() && name != "." && name != ".." && name.len() <= LONGEST, "{name}");
            prop_assert!(!name.contains(['/', '\\', ':']));
        }

        #[test]
        fn a_download_carries_any_name_and_nothing_else(text in "\\PC{1,60}") {
            let Ok(name) = FileName::parse(&text) else { return Ok(()) };
            let value = name.disposition();
            let value = value.to_str().unwrap();
            prop_assert!(value.starts_with("attachment; filename=\"") && !value.contains(['\r', '\n']));
            prop_assert_eq!(value.matches('"').count(), 2);
            prop_assert_eq!(of(value), Some(name.into_string()));
        }

        #[test]
        fn no_header_makes_it_panic(value in "[ -~]{0,80}") {
            let _ = of(&value);
        }
    }
}
