//! The pages that a browser sees: the question for consent, and faults that may not be redirected.
//!
//! Plain HTML without scripts.
//! Whatever a request chose is escaped, and the policy lets the page run nothing and send its form
//! nowhere but here and, by redirect, to the registered redirection URI.

use std::sync::LazyLock;

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use crate::{fixture::Company, redirect, rule::Rule, state::AuthorizationRequest, wire::Answer};

/// Where the consent form is sent.
pub(crate) const CONSENT_PATH: &str = "/auth/oauth2/consent";

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

/// Asks the manager of a company whether the client may have what it asks for.
pub(crate) fn ask(company: &Company, request: &AuthorizationRequest, ticket: &str) -> Answer {
    let wishes: String = request
        .scope
        .in_words()
        .map(|(words, name)| {
            format!(
                "<li>{} <code>{}</code></li>\n",
                escape(&words),
                escape(name)
            )
        })
        .collect();
    let main = format!(
        "<h1>Connect {company}?</h1>\n\
         <p>The client <code>{client}</code> asks {manager}, manager of {company}, \
         for permission to:</p>\n\
         <ul>\n{wishes}</ul>\n\
         <p>The answer goes to <code>{uri}</code>.</p>\n\
         <form method=\"post\" action=\"{CONSENT_PATH}\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\n\
         <button class=\"approve\" name=\"decision\" value=\"approve\">Approve</button>\n\
         <button name=\"decision\" value=\"deny\">Deny</button>\n\
         </form>\n",
        company = escape(company.name),
        client = escape(&request.client_id),
        manager = escape(company.manager.name),
        uri = escape(&request.redirect_uri),
        ticket = escape(ticket),
    );
    let form_action = format!("'self' {}", redirect::policy_source(&request.redirect_uri));
    page(
        Rule::AuthorizeConsentAsked,
        StatusCode::OK,
        "Consent",
        &main,
        &form_action,
    )
}

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

fn page(rule: Rule, status: StatusCode, title: &str, main: &str, form_action: &str) -> Answer {
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
fn escape(text: &str) -> String {
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
