//! The page that asks a company's manager for consent.
//!
//! Whatever a request chose is escaped, and the policy lets the page run nothing and send its form
//! nowhere but here and, by redirect, to the registered redirection URI.

use std::sync::Arc;

use axum::http::StatusCode;

use crate::{
    fixture::Company,
    page::{escape, page},
    redirect,
    rule::Rule,
    state::AuthorizationRequest,
    wire::Answer,
};

/// Where the consent form is sent.
pub(crate) const CONSENT_PATH: &str = "/auth/oauth2/consent";

/// Asks the manager of a company whether the client may have what it asks for.
pub(crate) fn ask(
    companies: &[&Arc<Company>],
    request: &AuthorizationRequest,
    ticket: &str,
) -> Answer {
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
    let choice = choice(companies);
    let (title, asked) = match companies {
        [company] => (
            escape(&company.name),
            format!(
                "{}, manager of {},",
                escape(&company.manager.name),
                escape(&company.name)
            ),
        ),
        _ => ("a company".to_owned(), "a company's manager".to_owned()),
    };
    let main = format!(
        "<h1>Connect {title}?</h1>\n\
         <p>The client <code>{client}</code> asks {asked} for permission to:</p>\n\
         <ul>\n{wishes}</ul>\n\
         <p>The answer goes to <code>{uri}</code>.</p>\n\
         <form method=\"post\" action=\"{CONSENT_PATH}\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\n{choice}\
         <button class=\"approve\" name=\"decision\" value=\"approve\">Approve</button>\n\
         <button name=\"decision\" value=\"deny\">Deny</button>\n\
         </form>\n",
        client = escape(&request.client_id),
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

/// Lets the reader choose for which company to answer, where there is a choice.
fn choice(companies: &[&Arc<Company>]) -> String {
    if companies.len() < 2 {
        return String::new();
    }
    let rows = companies.iter().enumerate().map(|(place, company)| {
        let checked = if place == 0 { " checked" } else { "" };
        format!(
            "<label><input type=\"radio\" name=\"company\" value=\"{}\"{checked}> {}, \
             managed by {}</label>\n",
            escape(&company.id),
            escape(&company.name),
            escape(&company.manager.name),
        )
    });
    let rows: String = rows.collect();
    format!("<fieldset>\n<legend>For which company?</legend>\n{rows}</fieldset>\n")
}
