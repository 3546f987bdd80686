//! The frame around everything that a browser sees, and the page that says what is wrong.
//!
//! Plain HTML without scripts.
//! Every page says that it is not Remote's, may be kept by nobody, and runs and loads nothing.

use std::sync::LazyLock;

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use crate::{rule::Rule, wire::Answer};

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;\
color:#1b1f24}\
aside{background:#fff4ce;border:1px solid #d4a72c;border-radius:6px;padding:.5rem 1rem}\
code{font-size:.85em;color:#57606a;overflow-wrap:anywhere}\
button{font:inherit;padding:.5rem 1.5rem;margin-right:.5rem;border:1px solid #57606a;\
border-radius:6px}\
button.approve{background:#1f6feb;border-color:#1f6feb;color:#fff}";

/// The policy's name for [`STYLE`], so that no other style applies.
static STYLE_SOURCE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "'sha256-{}'",
        STANDARD.encode(digest(&SHA256, STYLE.as_bytes()))
    )
});

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
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title} · remote-auth embedded sandbox</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n\
         <aside>This is the embedded sandbox of remote-auth, not Remote, and not for production. \
         The people and companies are invented.</aside>\n\
         <main>\n{main}</main>\n</body>\n</html>\n",
    );
    Answer::page(rule, status, page, &policy)
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
