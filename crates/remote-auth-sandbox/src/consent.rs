//! The page that asks a company's manager for consent.
//!
//! Whatever a request chose is escaped, and the policy lets the page run nothing and send its form
//! nowhere but here and, by redirect, to the registered redirection URI.

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
        company = escape(&company.name),
        client = escape(&request.client_id),
        manager = escape(&company.manager.name),
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
