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
    gateway::Gateway,
    parameters::Parameters,
    registration::Registration,
    rule::Rule,
    state::{Code, Digest, Principal},
    token::{give_company, required},
    wire::{Issued, OAuthError, Refusal},
    world::Desk,
};

pub(super) fn redeem(
    desk: &mut Desk<'_>,
    client: &Registration,
    form: &Parameters,
) -> Result<Issued, Refusal> {
    let key = Digest::of(required(form, "code")?);
    let judged = match desk.state.codes.get(key) {
        None => Err(Rule::CodeKnown),
        Some(code) => judge(code, client, desk.gateway, desk.now, form),
    };
    if let Err(rule) = judged {
        let spent = desk.state.codes.get(key).and_then(|code| code.redeemed);
        if let Some(grant) = spent.filter(|_| rule == Rule::CodeSingleUse) {
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
    code: &Code,
    client: &Registration,
    gateway: Gateway,
    now: Timestamp,
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
    let rules = [
        (request.client_id == client.client_id, Rule::CodeClient),
        (request.gateway == gateway, Rule::CodeGateway),
        (code.redeemed.is_none(), Rule::CodeSingleUse),
        (now < code.expires_at, Rule::CodeFiveMinutes),
        (uri_is_right, Rule::CodeRedirectUri),
        (verifier_is_right, Rule::CodeVerifier),
    ];
    match rules.into_iter().find(|(kept, _)| !kept) {
        Some((_, broken)) => Err(broken),
        None => Ok(()),
    }
}
