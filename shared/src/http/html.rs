/// A text as it stands in HTML: it can end neither the element nor the quoted attribute it is in.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_html_reads_is_escaped_and_nothing_else() {
        assert_eq!(
            escaped("<a href=\"x\" id='y'>ü & \n</a>"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;ü &amp; \n&lt;/a&gt;"
        );
    }
}
