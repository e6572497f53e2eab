use serde::{Deserialize, Serialize};
use shared::http::Problem;
use url::Url;

const LONGEST: usize = 512;

/// Where on our own page a visit to another site comes back to: a path, with a query if need be, that can name no other
/// host (RFC 9700, section 4.11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ReturnTo(String);

impl Default for ReturnTo {
    fn default() -> Self {
        Self("/".into())
    }
}

impl ReturnTo {
    /// Reads a path of at most 512 printable ASCII characters.
    ///
    /// # Errors
    /// 400 `return_to_invalid`.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        Self::read(text).ok_or_else(|| {
            Problem::bad_request("return_to_invalid", "This is no path to return to")
                .detail("Give a path of the page that begins with one slash, such as /settings?tab=github.")
        })
    }

    fn read(text: &str) -> Option<Self> {
        let plain = text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        // Browsers read a backslash as a slash; the fragment is ours.
        if !plain || !text.starts_with('/') || text.starts_with("//") || text.contains(['\\', '#']) {
            return None;
        }
        // As a browser reads it, dots and all: below /api there is no page, and a visit that came back to where visits
        // begin would never end.
        let base = Url::parse("https://page.invalid").ok()?;
        let url = base.join(text).ok()?;
        let path = url.path();
        let page = url.origin() == base.origin() && !path.starts_with("//") && !path.starts_with("/api/");
        let kept = url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        // Normalised, a sign may have become three.
        (page && kept.len() <= LONGEST).then_some(Self(kept))
    }

    /// The whole address, on `origin`. `fragment` begins with `#` or is empty: it never reaches a server.
    pub(crate) fn on(&self, origin: &Url, fragment: &str) -> String {
        format!("{}{}{fragment}", origin.origin().ascii_serialization(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_of_the_page_is_kept() {
        for (text, kept) in [
            ("/", "/"),
            ("/settings?tab=github", "/settings?tab=github"),
            ("/a/../b", "/b"),
            ("/api", "/api"),
            ("/a%20b?x=%0d%0a", "/a%20b?x=%0d%0a"),
        ] {
            assert_eq!(ReturnTo::parse(text).unwrap().0, kept);
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for wrong in [
            "",
            "settings",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "https:/evil.example",
            "javascript:alert(1)",
            "/a\r\nLocation: https://evil.example",
            "/a\tb",
            "/a b",
            "/ä",
            "/#/sign-in",
            "/..//evil.example",
            "/.//evil.example",
            "/api/auth/github",
            "/x/../api/auth/github?return_to=/",
            "/%2e/api/auth/github",
            &format!("/{}", "a".repeat(LONGEST)),
            &format!("/{}", "<".repeat(LONGEST / 3 + 1)),
        ] {
            assert!(ReturnTo::parse(wrong).is_err(), "{wrong:?} is taken");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_stays_on_our_origin(
            text in prop_oneof![
                "\\PC{0,40}",
                "[/\\\\.@:?#%a-z0-9\t\r\n ]{0,40}",
                "/[/\\\\.@:?#%a-z0-9]{0,40}",
                "(/|//|/\\\\|/\\.\\.|/%2[eEfF]|https:|@|evil\\.example|\\?|:80){0,8}",
            ],
        ) {
            let origin = Url::parse("https://app.example:8443").unwrap();
            if let Ok(path) = ReturnTo::parse(&text) {
                let location = path.on(&origin, "#/sign-in?error=x");
                let url = Url::parse(&location).unwrap();
                prop_assert_eq!(url.origin(), origin.origin());
                prop_assert_eq!(url.fragment(), Some("/sign-in?error=x"));
                prop_assert!(url.username().is_empty() && url.password().is_none());
                prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!url.path().starts_with("/api/"));
                // Also where only the path is sent on, and where it is read once more.
                prop_assert_eq!(origin.join(&path.0).unwrap().origin(), origin.origin());
                prop_assert_eq!(ReturnTo::parse(&path.0).unwrap(), path);
            }
        }
    }
}
