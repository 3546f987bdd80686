//! The authorization code grant: a code becomes an access token and a refresh token, once.
//!
//! Every refusal is the bare `invalid_grant` that Remote documents, so a client cannot tell the
//! causes apart; the ledger can.
//! A refused redemption leaves the code as it was, but for a second one, which also takes back what
//! the first one gave.
//! See <https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3>.

use std::sync::Arc;

use crate::{
    clock::Timestamp,
    danger::Rules,
    gateway::Gateway,
    parameters::Parameters,
    registration::Registration,
    rule::Rule,
    scope::{Purpose, Scope},
    state::{AuthorizationRequest, Code, Digest, Principal},
    token::{give_company, required},
    wire::{Issued, OAuthError, Refusal},
    world::Desk,
};

pub(super) fn redeem(
    desk: &mut Desk<'_>,
    client: &Registration,
    form: &Parameters,
) -> Result<Issued, Refusal> {
    let rules = &desk.world.rules;
    let key = Digest::of(required(rules, form, "code")?);
    if desk.state.codes.get(key).is_none() && !rules.keep(Rule::CodeKnown) {
        put_demo_code(desk, key, client, form);
    }
    let judged = match desk.state.codes.get(key) {
        None => Err(Rule::CodeKnown),
        Some(code) => judge(rules, code, client, (desk.gateway, desk.now), form),
    };
    if let Err(rule) = judged {
        let spent = desk.state.codes.get(key).and_then(|code| code.redeemed);
        let revokes = rule == Rule::CodeSingleUse && rules.keep(Rule::CodeReuseRevokes);
        if let Some(grant) = spent.filter(|_| revokes) {
            desk.state.revoke(grant);
        }
        return Err(Refusal::new(rule, OAuthError::InvalidGrant));
    }

    let grant = desk.state.new_grant();
    let code = desk
        .state
        .codes
        .get_mut(key)
        .expect("a code that was judged is on its shelf");
    code.redeemed = Some(grant);
    let (company, user, scope) = (
        Arc::clone(&code.company),
        Arc::clone(&code.user),
        code.request.scope.clone(),
    );
    let tokens = give_company(desk, &client.client_id, (&company, &user), scope, grant);
    Ok(Issued {
        rule: Rule::CodeRedeemed,
        access_token: tokens.access_token,
        refresh_token: Some(tokens.refresh_token),
        named: Some(Principal::Company { company, user }),
    })
}

/// Names the first rule that a known code breaks.
fn judge(
    rules: &Rules,
    code: &Code,
    client: &Registration,
    (gateway, now): (Gateway, Timestamp),
    form: &Parameters,
) -> Result<(), Rule> {
    let request = &code.request;
    let verifier_is_right = match (request.challenge, form.get("code_verifier")) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => challenge.is_met_by(verifier),
        // A verifier without a challenge is refused too: somebody took the challenge out of the
        // request.
        _ => false,
    };
    let uri_is_right = form
        .get("redirect_uri")
        .is_none_or(|uri| uri == request.redirect_uri);
    rules.demand(Rule::CodeClient, request.client_id == client.client_id)?;
    rules.demand(Rule::CodeGateway, request.gateway == gateway)?;
    rules.demand(Rule::CodeSingleUse, code.redeemed.is_none())?;
    rules.demand(Rule::CodeFiveMinutes, now < code.expires_at)?;
    rules.demand(Rule::CodeRedirectUri, uri_is_right)?;
    rules.demand(Rule::CodeVerifier, verifier_is_right)
}

/// Puts an unknown code on its shelf, as if the demo company had consented to it.
fn put_demo_code(desk: &mut Desk<'_>, key: Digest, client: &Registration, form: &Parameters) {
    let company = Arc::clone(desk.world.fixture.company());
    let request = AuthorizationRequest {
        client_id: Arc::clone(&client.client_id),
        gateway: desk.gateway,
        redirect_uri: form.get("redirect_uri").unwrap_or_default().to_owned(),
        state: None,
        scope: Scope::default_for(Purpose::Consent),
        challenge: None,
    };
    let now = desk.now;
    desk.state.issue_code(key, request, &company, now);
}
