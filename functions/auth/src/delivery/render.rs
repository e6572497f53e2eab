//! An email's two bodies: plain text, and HTML in which every value is escaped.

use shared::http::escaped;

use super::content::{Block, Content};

/// The body as plain text.
pub(crate) fn text(content: &Content) -> String {
    let blocks = content.body.iter().map(|block| match block {
        Block::Paragraph(text) | Block::Link(text) => text.clone(),
        Block::Code(code) => format!("    {code}"),
    });
    blocks.collect::<Vec<_>>().join("\n\n") + "\n"
}

/// The body as HTML: no script, no image, nothing that is loaded. Mail programs read styles at the element only.
pub(crate) fn html(content: &Content) -> String {
    let blocks = content.body.iter().map(|block| match block {
        Block::Paragraph(text) => format!("<p>{}</p>", escaped(text)),
        Block::Code(code) => format!(
            "<p style=\"font:700 28px/1.4 ui-monospace,Menlo,Consolas,monospace;letter-spacing:4px\">{}</p>",
            escaped(code)
        ),
        Block::Link(link) => format!("<p><a href=\"{0}\">{0}</a></p>", escaped(link)),
    });
    let blocks: String = blocks.collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{}</title></head>\
         <body style=\"font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:0 auto;padding:24px\">{blocks}</body></html>",
        escaped(&content.subject),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(body: Vec<Block>) -> Content {
        Content { template: "code", subject: "<b>Subject</b>".into(), body, sms: String::new() }
    }

    #[test]
    fn the_text_has_a_paragraph_for_each_block() {
        let body =
            vec![Block::Paragraph("Enter:".into()), Block::Code("042917".into()), Block::Link("https://x".into())];
        assert_eq!(text(&content(body)), "Enter:\n\n    042917\n\nhttps://x\n");
    }

    #[test]
    fn the_html_escapes_every_value() {
        let sly = "<script>\"'&";
        let html = html(&content(vec![
            Block::Paragraph(sly.into()),
            Block::Code(sly.into()),
            Block::Link("https://x/?a=1&b=\"onclick".into()),
        ]));
        assert_eq!(html.matches("&lt;script&gt;&quot;&#39;&amp;").count(), 2);
        assert!(html.contains("<title>&lt;b&gt;Subject&lt;/b&gt;</title>"));
        assert!(html.contains("<a href=\"https://x/?a=1&amp;b=&quot;onclick\">https://x/?a=1&amp;b=&quot;onclick</a>"));
        assert!(!html.contains("<script") && !html.contains("\"onclick"));
    }
}
