//! The frame around everything that a browser sees, and the page that says what is wrong.
//!
//! Plain HTML; only the live page of the admin API has a script, which it does without where there
//! is none.
//! Every page says that it is not Remote's, may be kept by nobody, and loads nothing.

use std::sync::LazyLock;

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use crate::{rule::Rule, wire::Answer};

const STYLE: &str = include_str!("page/style.css");

/// The policy's name for [`STYLE`], so that no other style applies.
pub(crate) static STYLE_SOURCE: LazyLock<String> = LazyLock::new(|| source_of(STYLE));

/// Says what is wrong with a request whose sender may not be redirected.
pub(crate) fn fault(rule: Rule, sentence: &str) -> Answer {
    let main = format!(
        "<h1>This request cannot go on</h1>\n<p>{}</p>\n<p>Rule <code>{rule}</code></p>\n",
        escape(sentence),
    );
    page(
        rule,
        StatusCode::BAD_REQUEST,
        "Faulty request",
        &main,
        "'none'",
    )
}

/// Puts the frame around the main part, whose form, if there is one, may go to `form_action`.
pub(crate) fn page(
    rule: Rule,
    status: StatusCode,
    title: &str,
    main: &str,
    form_action: &str,
) -> Answer {
    let policy = format!(
        "default-src 'none'; style-src {}; form-action {form_action}; base-uri 'none'; \
         frame-ancestors 'none'",
        *STYLE_SOURCE,
    );
    Answer::page(rule, status, framed(title, "", main), &policy)
}

/// The whole page around a main part, with whatever else its head needs.
pub(crate) fn framed(title: &str, head: &str, main: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} · remote-auth embedded sandbox</title>\n<style>{STYLE}</style>\n\
         {head}</head>\n<body>\n\
         <aside>This is the embedded sandbox of remote-auth, not Remote, and not for production. \
         The people and companies are invented.</aside>\n\
         <main>\n{main}</main>\n</body>\n</html>\n",
    )
}

/// Names a text in a policy by its digest.
pub(crate) fn source_of(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(digest))
}

/// Makes text safe between tags and inside quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_html_reads_survives_escaping() {
        assert_eq!(
            escape("<a b='c' d=\"e\">&"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;"
        );
    }

    #[test]
    fn the_style_cannot_end_its_element() {
        assert!(!STYLE.contains('<'));
    }
}
