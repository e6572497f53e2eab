//! From what a client asks to a call of the list. Nothing of the request's own text is sent on: each segment and each
//! value is decoded, checked, and written anew.

#[cfg(test)]
mod tests;

use axum::http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};
use shared::http::Problem;
use url::form_urlencoded;

use super::allowed::{Allowed, calls};

const LONGEST_PATH: usize = 2048;
const LONGEST_NAME: usize = 100;
const LONGEST_VALUE: usize = 256;
/// RFC 3986, section 2.3: what means the same encoded and not, and so is not.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A call of the list, ready to be made.
#[derive(Debug)]
pub(crate) struct Call {
    allowed: &'static Allowed,
    /// Encoded; begins with a slash.
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Call {
    /// Reads a path below `/api/github`, as it stands in the request, and its query.
    ///
    /// # Errors
    /// 404 `github_call_unknown`, 405 `method_not_allowed`, 400 `invalid_query`.
    pub(crate) fn parse(method: &Method, path: &str, query: Option<&str>) -> Result<Self, Problem> {
        let segments = decode(path).ok_or_else(unknown)?;
        let mut fitting = calls().iter().filter(|allowed| fits(allowed.pattern, &segments)).peekable();
        if fitting.peek().is_none() {
            return Err(unknown());
        }
        let allowed = fitting.find(|allowed| allowed.method == *method).ok_or_else(Problem::method_not_allowed)?;
        let query = parameters(allowed, query.unwrap_or_default()).ok_or_else(|| {
            Problem::bad_request("invalid_query", "A query parameter is unknown, doubled, or of the wrong form")
                .detail("/docs says which calls are forwarded; each takes the parameters of GitHub's own that list it.")
        })?;
        let path = segments.iter().flat_map(|segment| ["/".into(), utf8_percent_encode(segment, ENCODED).to_string()]);
        Ok(Self { allowed, path: path.collect(), query })
    }

    /// The call's entry in the list: what the audit log knows it by.
    pub(crate) fn allowed(&self) -> &'static Allowed {
        self.allowed
    }

    /// Whether it takes a body.
    pub(crate) fn takes_body(&self) -> bool {
        !self.allowed.fields.is_empty()
    }

    /// Lets a body through that has no field beside the call's.
    ///
    /// # Errors
    /// 422 `invalid_body`.
    pub(crate) fn check_body(&self, body: &Map<String, Value>) -> Result<(), Problem> {
        if body.keys().all(|field| self.allowed.fields.contains(&field.as_str())) {
            return Ok(());
        }
        let fields = self.allowed.fields.join(", ");
        Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", "A field is not of this call")
            .detail(format!("This call takes {fields}.")))
    }

    /// Path and query.
    pub(crate) fn target(&self) -> String {
        self.with_query(&self.query)
    }

    /// Path and query of another page of the same list.
    pub(super) fn page(&self, page: u32) -> String {
        let mut query = self.query.clone();
        query.retain(|(name, _)| *name != "page");
        query.push(("page", page.to_string()));
        self.with_query(&query)
    }

    fn with_query(&self, query: &[(&'static str, String)]) -> String {
        if query.is_empty() {
            return self.path.clone();
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        format!("{}?{query}", self.path)
    }
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "github_call_unknown", "This call is not forwarded to GitHub")
        .detail("/docs lists the calls that are.")
}

/// The segments, decoded once; `None` where one is empty, is a dot or two, or holds what no name does.
fn decode(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/').filter(|path| path.len() <= LONGEST_PATH)?;
    path.split('/')
        .map(|segment| {
            let text = percent_decode_str(segment).decode_utf8().ok()?;
            // What is still encoded after that was encoded twice, or badly.
            let plain = !text.contains(['/', '\\', '%']) && !text.chars().any(char::is_control);
            (plain && !text.is_empty() && text != "." && text != "..").then(|| text.into_owned())
        })
        .collect()
}

fn fits(pattern: &str, segments: &[String]) -> bool {
    let mut segments = segments.iter();
    for expected in pattern.split('/').skip(1) {
        let Some(segment) = segments.next() else { return false };
        let fits = match expected.strip_prefix('{') {
            Some(rest) if rest.ends_with("*}") => return true,
            Some(rest) if rest.ends_with("#}") => segment.len() <= 20 && segment.bytes().all(|b| b.is_ascii_digit()),
            Some(_) => is_name(segment),
            None => segment == expected,
        };
        if !fits {
            return false;
        }
    }
    segments.next().is_none()
}

fn is_name(segment: &str) -> bool {
    segment.len() <= LONGEST_NAME && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn parameters(allowed: &'static Allowed, query: &str) -> Option<Vec<(&'static str, String)>> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let name = *allowed.query.iter().find(|known| **known == name)?;
        let plain = value.len() <= LONGEST_VALUE && !value.chars().any(char::is_control);
        let counts = !name.ends_with("page") || (!value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()));
        if !plain || !counts || found.iter().any(|(known, _)| *known == name) {
            return None;
        }
        found.push((name, value.into_owned()));
    }
    Some(found)
}
