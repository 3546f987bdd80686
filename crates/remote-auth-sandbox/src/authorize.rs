//! The authorization endpoint: judges a request, asks for consent, and answers by redirect.
//!
//! The invariant: no answer leads a browser to a redirection URI that is not registered for the
//! client.
//! Until both are known to be good, a fault is shown on a page; from then on it is reported by
//! redirect.
//! See <https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1>.

use std::sync::Arc;

use axum::http::StatusCode;

use crate::{
    consent, page,
    parameters::Parameters,
    pkce::Challenge,
    redirect,
    rule::Rule,
    scope::{Purpose, Scope},
    state::{AuthorizationRequest, Digest},
    wire::Answer,
    world::Desk,
};

/// Bytes of a query, which bounds what an open consent page keeps.
const QUERY_BYTES_MAX: usize = 8 * 1024;

/// How a faulty request is answered.
enum Fault {
    Page(Rule, &'static str),
    Redirect {
        rule: Rule,
        error: &'static str,
        uri: String,
        state: Option<String>,
    },
}

/// Judges an authorization request; a good one is shown to the company's manager, or approved at
/// once.
pub(crate) fn answer(mut desk: Desk<'_>, query: &str) -> Answer {
    let request = match judge(&desk, query) {
        Ok(request) => request,
        Err(Fault::Page(rule, fault)) => return page::fault(rule, fault),
        Err(Fault::Redirect {
            rule,
            error,
            uri,
            state,
        }) => {
            return send(
                rule,
                StatusCode::FOUND,
                &uri,
                ("error", error),
                state.as_deref(),
            );
        }
    };
    let company = desk.world.fixture.company();
    if desk.state.directory.is_archived(company) {
        return closed(&request, StatusCode::FOUND);
    }
    if desk.world.auto_approve {
        return approve(&mut desk, request, StatusCode::FOUND);
    }
    let ticket = desk.world.entropy.opaque();
    let page = consent::ask(company, &request, &ticket);
    let now = desk.now;
    desk.state.open_ticket(&ticket, request, now);
    page
}

/// Takes the decision that a consent page sends.
pub(crate) fn decide(mut desk: Desk<'_>, form: &[u8]) -> Answer {
    let stale =
        "This consent page was already answered, is older than ten minutes, or was not made here.";
    let form = Parameters::parse(form)
        .ok()
        .filter(|form| !form.repeats_any());
    let sent = form
        .as_ref()
        .and_then(|form| Some((form.get("ticket")?, form.get("decision"))));
    let (gateway, now) = (desk.gateway, desk.now);
    let opened = sent.and_then(|(ticket, decision)| {
        let ticket = desk.state.tickets.take(Digest::of(ticket))?;
        let good = ticket.request.gateway == gateway && now < ticket.expires_at;
        good.then_some((ticket.request, decision))
    });
    let Some((request, decision)) = opened else {
        return page::fault(Rule::AuthorizeTicketOnce, stale);
    };
    match decision {
        Some("approve") => approve(&mut desk, request, StatusCode::SEE_OTHER),
        Some("deny") => {
            let (uri, state) = (&request.redirect_uri, request.state.as_deref());
            send(
                Rule::AuthorizeDenied,
                StatusCode::SEE_OTHER,
                uri,
                ("error", "access_denied"),
                state,
            )
        }
        _ => page::fault(
            Rule::AuthorizeDecisionGiven,
            "The form has to say approve or deny.",
        ),
    }
}

/// Names the first rule that a request breaks, or gives the request with everything in it known to
/// be good.
fn judge(desk: &Desk<'_>, query: &str) -> Result<AuthorizationRequest, Fault> {
    let malformed = Fault::Page(
        Rule::AuthorizeWellFormed,
        "The query is not well encoded, or is longer than 8 KiB.",
    );
    if query.len() > QUERY_BYTES_MAX {
        return Err(malformed);
    }
    let Ok(sent) = Parameters::parse(query.as_bytes()) else {
        return Err(malformed);
    };

    let once = |name| sent.get(name).filter(|_| !sent.repeats(name));
    let client = once("client_id").and_then(|id| desk.world.client(id));
    let client = client.ok_or(Fault::Page(
        Rule::AuthorizeClientKnown,
        "The client_id is missing or not known.",
    ))?;
    let uri = once("redirect_uri").filter(|uri| client.allows_redirect(uri));
    let uri = uri.ok_or(Fault::Page(
        Rule::AuthorizeRedirectRegistered,
        "The redirect_uri is missing or not registered for this client.",
    ))?;

    let state = once("state").map(str::to_owned);
    let fault = |rule, error| Fault::Redirect {
        rule,
        error,
        uri: uri.to_owned(),
        state: state.clone(),
    };
    if sent.repeats_any() {
        return Err(fault(Rule::AuthorizeParametersOnce, "invalid_request"));
    }
    if sent
        .get("response_type")
        .is_some_and(|response_type| response_type != "code")
    {
        return Err(fault(
            Rule::AuthorizeResponseType,
            "unsupported_response_type",
        ));
    }
    let scope = Scope::parse(sent.get("scope"), Purpose::Consent)
        .map_err(|_| fault(Rule::AuthorizeScopeListed, "invalid_scope"))?;
    let challenge = Challenge::requested(&sent)
        .map_err(|_| fault(Rule::AuthorizePkceS256, "invalid_request"))?;
    Ok(AuthorizationRequest {
        client_id: Arc::clone(&client.client_id),
        gateway: desk.gateway,
        redirect_uri: uri.to_owned(),
        state,
        scope,
        challenge,
    })
}

/// Gives a code for the company, which is managed again if it had left its partner.
fn approve(desk: &mut Desk<'_>, request: AuthorizationRequest, status: StatusCode) -> Answer {
    let company = desk.world.fixture.company();
    if desk.state.directory.is_archived(company) {
        return closed(&request, status);
    }
    desk.state.directory.readmit(company);
    let code = desk.world.entropy.opaque();
    let (uri, state) = (&request.redirect_uri, request.state.as_deref());
    let answer = send(Rule::AuthorizeApproved, status, uri, ("code", &code), state);
    let now = desk.now;
    desk.state.issue_code(&code, request, company, now);
    answer
}

/// In an archived company nobody is left who could consent.
fn closed(request: &AuthorizationRequest, status: StatusCode) -> Answer {
    let rule = Rule::AuthorizeCompanyActive;
    let (uri, state) = (&request.redirect_uri, request.state.as_deref());
    send(rule, status, uri, ("error", "access_denied"), state)
}

fn send(
    rule: Rule,
    status: StatusCode,
    uri: &str,
    result: (&str, &str),
    state: Option<&str>,
) -> Answer {
    let mut answer = vec![result];
    answer.extend(state.map(|state| ("state", state)));
    Answer::redirect(rule, status, &redirect::with_answer(uri, &answer))
}
