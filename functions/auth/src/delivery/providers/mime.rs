//! An email as it goes over the wire (RFC 5322, RFC 2046).

use std::time::SystemTime;

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use crate::delivery::provider::{Letter, SendError};
use crate::delivery::render;
use crate::model::EmailAddress;

/// RFC 3834: no out-of-office notice in answer.
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// The `Message-ID` of a letter: the same at each try, so that a mail program shows it once.
pub(super) fn message_id<A>(letter: &Letter<A>, from: &Mailbox) -> String {
    format!("<{}@{}>", letter.id, from.email.domain())
}

/// The letter with both bodies.
pub(super) fn mime(letter: &Letter<EmailAddress>, from: &Mailbox) -> Result<Message, SendError> {
    let to = letter.to.as_str().parse().map_err(|_| SendError::permanent("the address has no form for mail"))?;
    let content = &letter.content;
    let bodies = MultiPart::alternative()
        .boundary(format!("ward-{}", letter.id.simple()))
        .singlepart(SinglePart::plain(render::text(content)))
        .singlepart(SinglePart::html(render::html(content)));
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(&content.subject)
        .date(SystemTime::from(letter.at))
        .message_id(Some(message_id(letter, from)))
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".into()))
        .multipart(bodies)
        .map_err(|_| SendError::permanent("the message has no form for mail"))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::delivery::content::{Block, Content};

    fn formatted(from: &str, subject: &str) -> String {
        let content = Content {
            template: "code",
            subject: subject.into(),
            body: vec![Block::Paragraph("Grüße & Küsse".into()), Block::Code("042917".into())],
            sms: String::new(),
        };
        let to = EmailAddress::parse("ada@example.org").unwrap();
        let letter = Letter { id: Uuid::from_u128(7), at: "2026-03-14T15:09:26Z".parse().unwrap(), to, content };
        String::from_utf8(mime(&letter, &from.parse().unwrap()).unwrap().formatted()).unwrap()
    }

    #[test]
    fn the_headers_are_those_of_automatic_mail() {
        let mail = formatted("Ward <no-reply@ward.example>", "Your Ward code");
        let (headers, _) = mail.split_once("\r\n\r\n").unwrap();
        for header in [
            "From: Ward <no-reply@ward.example>",
            "To: ada@example.org",
            "Subject: Your Ward code",
            "Date: Sat, 14 Mar 2026 15:09:26 +0000",
            "Message-ID: <00000000-0000-0000-0000-000000000007@ward.example>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ] {
            assert!(headers.lines().any(|line| line == header), "{header} is missing in:\n{headers}");
        }
    }

    #[test]
    fn both_bodies_are_there_and_a_value_can_not_make_a_header() {
        let mail = formatted("no-reply@ward.example", "Your\r\nBcc: eve@example.org\r\ncode");
        let (headers, bodies) = mail.split_once("\r\n\r\n").unwrap();
        assert!(!headers.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{headers}");
        let plain = bodies.find("Content-Type: text/plain; charset=utf-8").unwrap();
        let html = bodies.find("Content-Type: text/html; charset=utf-8").unwrap();
        assert!(plain < html, "the last part is the one to show");
        assert!(bodies[plain..html].contains("Gr=C3=BC=C3=9Fe & K=C3=BCsse"), "{bodies}");
        assert!(bodies[html..].contains("&amp;") && bodies[html..].contains("042917"));
        assert!(mail.lines().all(|line| line.len() <= 998));
    }
}
