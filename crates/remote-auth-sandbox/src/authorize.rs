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
    consent,
    fixture::Company,
    page,
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
    let rules = &desk.world.rules;
    let request = match judge(&desk, query) {
        Ok(request) => request,
        Err(Fault::Page(rule, fault)) => return page::fault(rule, fault),
        Err(Fault::Redirect { rule, .. }) if !rules.keep(Rule::AuthorizeFaultRedirected) => {
            return page::fault(rule, "The request is faulty.");
        }
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
    let companies = match consenting(&desk) {
        Ok(companies) => companies,
        Err(rule) => return closed(rule, &request, StatusCode::FOUND),
    };
    if desk.world.auto_approve || !rules.keep(Rule::AuthorizeConsentAsked) {
        return approve(&mut desk, request, companies[0], StatusCode::FOUND);
    }
    let ticket = desk.world.entropy.opaque();
    let page = consent::ask(&companies, &request, &ticket);
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
    let sent = form.as_ref().and_then(|form| {
        let answer = Answered {
            decision: form.get("decision"),
            company_id: form.get("company"),
        };
        Some((form.get("ticket")?, answer))
    });
    let (gateway, now, rules) = (desk.gateway, desk.now, &desk.world.rules);
    let opened = sent.and_then(|(ticket, answer)| {
        let key = Digest::of(ticket);
        if !rules.keep(Rule::AuthorizeTicketOnce) {
            return Some((desk.state.tickets.get(key)?.request.clone(), answer));
        }
        let ticket = desk.state.tickets.take(key)?;
        let good = ticket.request.gateway == gateway && now < ticket.expires_at;
        good.then_some((ticket.request, answer))
    });
    let Some((request, answer)) = opened else {
        return page::fault(Rule::AuthorizeTicketOnce, stale);
    };
    match answer.decision {
        Some("deny") if rules.keep(Rule::AuthorizeDenied) => {
            let (uri, state) = (&request.redirect_uri, request.state.as_deref());
            send(
                Rule::AuthorizeDenied,
                StatusCode::SEE_OTHER,
                uri,
                ("error", "access_denied"),
                state,
            )
        }
        _ => take(&mut desk, request, &answer),
    }
}

/// What a consent form says beside its ticket.
struct Answered<'a> {
    decision: Option<&'a str>,
    /// The first company that can consent, where none is named.
    company_id: Option<&'a str>,
}

/// Takes an approval for the company that it names.
fn take(desk: &mut Desk<'_>, request: AuthorizationRequest, answer: &Answered<'_>) -> Answer {
    let status = StatusCode::SEE_OTHER;
    let companies = match consenting(desk) {
        Ok(companies) => companies,
        Err(rule) => return closed(rule, &request, status),
    };
    let given = matches!(answer.decision, Some("approve" | "deny"));
    let mut named = companies.iter().copied();
    let named = match answer.company_id {
        None => named.next(),
        Some(id) => named.find(|company| *company.id == *id),
    };
    let rules = &desk.world.rules;
    match rules.find(
        Rule::AuthorizeDecisionGiven,
        named.filter(|_| given),
        || companies.first().copied(),
    ) {
        Ok(company) => approve(desk, request, company, status),
        Err(rule) => page::fault(
            rule,
            "The form has to say approve or deny, and may name a company of the page.",
        ),
    }
}

/// Names the first rule that a request breaks, or gives the request with everything in it known to
/// be good.
fn judge(desk: &Desk<'_>, query: &str) -> Result<AuthorizationRequest, Fault> {
    let rules = &desk.world.rules;
    let by_page = |sentence| move |rule| Fault::Page(rule, sentence);
    let bounded = Some(query.as_bytes()).filter(|query| query.len() <= QUERY_BYTES_MAX);
    let sent = bounded.and_then(|query| Parameters::parse(query).ok());
    let forgiving = || Some(Parameters::forgiving(query.as_bytes()));
    let sent = rules
        .find(Rule::AuthorizeWellFormed, sent, forgiving)
        .map_err(by_page(
            "The query is not well encoded, or is longer than 8 KiB.",
        ))?;

    let once = |name| sent.get(name).filter(|_| !sent.repeats(name));
    let client = once("client_id").and_then(|id| desk.world.client(id));
    let demo = || desk.world.registrations.first();
    let client = rules
        .find(Rule::AuthorizeClientKnown, client, demo)
        .map_err(by_page("The client_id is missing or not known."))?;
    let uri = once("redirect_uri").filter(|uri| client.allows_redirect(uri));
    let any = || once("redirect_uri").filter(|uri| redirect::may_be_registered(uri));
    let uri = rules
        .find(Rule::AuthorizeRedirectRegistered, uri, any)
        .map_err(by_page(
            "The redirect_uri is missing or not registered for this client.",
        ))?;

    let state = once("state").map(str::to_owned);
    let by_redirect = |error| {
        let state = &state;
        move |rule| Fault::Redirect {
            rule,
            error,
            uri: uri.to_owned(),
            state: state.clone(),
        }
    };
    rules
        .demand(Rule::AuthorizeParametersOnce, !sent.repeats_any())
        .map_err(by_redirect("invalid_request"))?;
    let is_code = sent.get("response_type").is_none_or(|sent| sent == "code");
    rules
        .demand(Rule::AuthorizeResponseType, is_code)
        .map_err(by_redirect("unsupported_response_type"))?;
    let scope = Scope::parse(sent.get("scope"), Purpose::Consent).ok();
    let default = || Some(Scope::default_for(Purpose::Consent));
    let scope = rules
        .find(Rule::AuthorizeScopeListed, scope, default)
        .map_err(by_redirect("invalid_scope"))?;
    let challenge = Challenge::requested(&sent).ok();
    let challenge = rules
        .find(Rule::AuthorizePkceS256, challenge, || Some(None))
        .map_err(by_redirect("invalid_request"))?;
    let is_challenged = challenge.is_some() || !desk.world.require_pkce;
    rules
        .demand(Rule::AuthorizePkceRequired, is_challenged)
        .map_err(by_redirect("invalid_request"))?;
    Ok(AuthorizationRequest {
        client_id: Arc::clone(&client.client_id),
        gateway: desk.gateway,
        redirect_uri: uri.to_owned(),
        state,
        scope,
        challenge,
    })
}

/// Gives a code for a company, which is managed again if it had left its partner.
fn approve(
    desk: &mut Desk<'_>,
    request: AuthorizationRequest,
    company: &Arc<Company>,
    status: StatusCode,
) -> Answer {
    desk.state.directory.readmit(company);
    let code = desk.unguessable(Rule::CodeUnguessable);
    let (uri, state) = (&request.redirect_uri, request.state.as_deref());
    let answer = send(Rule::AuthorizeApproved, status, uri, ("code", &code), state);
    let now = desk.now;
    desk.state
        .issue_code(Digest::of(&code), request, company, now);
    answer
}

/// The companies whose managers can consent, which is at least one; in an archived company nobody is
/// left who could.
fn consenting<'a>(desk: &Desk<'a>) -> Result<Vec<&'a Arc<Company>>, Rule> {
    let fixture = &desk.world.fixture;
    let directory = &desk.state.directory;
    let all = fixture.managed.iter();
    let active: Vec<_> = all
        .filter(|company| !directory.is_archived(company))
        .collect();
    let active = Some(active).filter(|active| !active.is_empty());
    let demo = || Some(vec![fixture.company()]);
    desk.world
        .rules
        .find(Rule::AuthorizeCompanyActive, active, demo)
}

fn closed(rule: Rule, request: &AuthorizationRequest, status: StatusCode) -> Answer {
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
