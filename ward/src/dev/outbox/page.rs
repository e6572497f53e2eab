//! The list of messages as HTML, without a script.

use auth::delivery::outbox::Sent;
use shared::http::escaped;

/// The page.
pub(super) fn html(messages: &[Sent]) -> String {
    let list = match messages {
        [] => "<p class=\"empty\">Nothing was sent yet.</p>".to_owned(),
        messages => messages.iter().map(message).collect(),
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Outbox</title><link rel=\"stylesheet\" href=\"/outbox/style.css\"></head><body><main>\
         <header><h1>Outbox</h1><p>What would have been sent, the newest first. \
         <a href=\"/outbox\">Look again</a> · <a href=\"/outbox.json\">outbox.json</a> · <a href=\"/\">the page</a></p>\
         </header>{list}</main></body></html>"
    )
}

fn message(sent: &Sent) -> String {
    let subject = sent.subject.as_deref().map(|subject| format!("<h2>{}</h2>", escaped(subject))).unwrap_or_default();
    let code = sent.code.as_deref().map(|code| format!("<p><code class=\"code\">{}</code></p>", escaped(code)));
    format!(
        "<article><p class=\"about\"><span class=\"channel\">{channel}</span> to <strong>{to}</strong> \
         <span class=\"template\">{template}</span> <time datetime=\"{at}\">{when}</time></p>{subject}{code}\
         <div class=\"text\">{text}</div></article>",
        channel = escaped(&sent.channel),
        to = escaped(&sent.to),
        template = escaped(&sent.template),
        at = sent.at,
        when = sent.at.strftime("%-d %B %Y, %H:%M:%S UTC"),
        code = code.unwrap_or_default(),
        text = linked(&sent.text),
    )
}

/// The text with its links to click.
fn linked(text: &str) -> String {
    let word = |word: &str| {
        let safe = escaped(word);
        let is_link = ["https://", "http://"].iter().any(|scheme| word.starts_with(scheme));
        if is_link { format!("<a href=\"{safe}\">{safe}</a>") } else { safe }
    };
    text.split_inclusive(char::is_whitespace)
        .flat_map(|part| {
            let end = part.trim_end().len();
            [word(&part[..end]), part[end..].to_owned()]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(to: &str, text: &str) -> Sent {
        serde_json::from_value(serde_json::json!({
            "id": "00000000-0000-0000-0000-000000000001", "at": "2026-03-14T15:09:26Z", "channel": "email",
            "template": "code", "to": to, "subject": to, "text": text, "html": to, "code": to, "link": to,
        }))
        .unwrap()
    }

    #[test]
    fn every_value_is_escaped() {
        let page = html(&[sent("<script>\"'&", "<script>\"'& http://x/\"onclick=\"y")]);
        assert!(!page.contains("<script") && !page.contains("\"onclick"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;&quot;&#39;&amp;").count(), 4);
    }

    #[test]
    fn codes_stand_out_and_links_can_be_clicked() {
        let page = html(&[sent(
            "042917",
            "Go on here:\n\nhttps://app.example/#/recover?token=t&x=1\n\njavascript:alert(1)\n",
        )]);
        assert!(page.contains("<code class=\"code\">042917</code>"));
        let link = "https://app.example/#/recover?token=t&amp;x=1";
        assert!(
            page.contains(&format!("Go on here:\n\n<a href=\"{link}\">{link}</a>\n\njavascript:alert(1)\n")),
            "{page}"
        );
        assert!(!page.contains("style=") && !page.contains("<style"), "the policy allows nothing inline");
    }
}
