//! The refresh grant: a new access token for the same refresh token, or for a new one where the
//! switch [`RefreshTokens`](crate::RefreshTokens) says so.
//!
//! Remote does not rotate refresh tokens, and no lifetime of theirs is documented, so by default
//! they end only when their grant is revoked.
//! See <https://www.rfc-editor.org/rfc/rfc6749#section-6>.

use std::sync::Arc;

use remote_oauth_client::Secret;

use crate::{
    parameters::Parameters,
    registration::Registration,
    rule::Rule,
    scope::{Purpose, Scope},
    state::{Digest, Principal, RefreshToken},
    token::{issue_access_token, required},
    wire::{Issued, OAuthError, Refusal},
    world::Desk,
};

pub(super) fn refresh(
    desk: &mut Desk<'_>,
    client: &Registration,
    form: &Parameters,
) -> Result<Issued, Refusal> {
    let rules = &desk.world.rules;
    let sent = required(rules, form, "refresh_token")?;
    let refused = |rule| Refusal::new(rule, OAuthError::InvalidGrant);
    let known = desk.state.refresh_tokens.get(Digest::of(sent)).cloned();
    let invented = || Some(demo_token(desk, client));
    let token = rules
        .find(Rule::RefreshKnown, known, invented)
        .map_err(refused)?;
    rules
        .demand(Rule::RefreshClient, token.client_id == client.client_id)
        .map_err(refused)?;
    rules
        .demand(Rule::RefreshGateway, token.gateway == desk.gateway)
        .map_err(refused)?;
    if let Err(rule) = desk.refresh_tokens.judge(&token, desk.now, rules) {
        if rule == Rule::RefreshSingleUse {
            desk.state.revoke(token.grant);
        }
        return Err(refused(rule));
    }
    let wish = form.get("scope");
    let wider = || {
        let listed = Scope::parse(wish, Purpose::Consent).ok();
        Some(listed.unwrap_or_else(|| token.scope.clone()))
    };
    let scope = rules
        .find(
            Rule::RefreshScope,
            token.scope.narrowed_to(wish).ok(),
            wider,
        )
        .map_err(|rule| Refusal::new(rule, OAuthError::InvalidScope))?;
    let (rule, refresh_token) = next(desk, sent, &token);
    let principal = Principal::Company {
        company: token.company,
        user: token.user,
    };
    Ok(Issued {
        rule,
        access_token: issue_access_token(
            desk,
            &client.client_id,
            principal,
            scope,
            Some(token.grant),
        ),
        refresh_token,
        named: None,
    })
}

/// What a broken rule takes an unknown refresh token for.
fn demo_token(desk: &mut Desk<'_>, client: &Registration) -> RefreshToken {
    let company = Arc::clone(desk.world.fixture.company());
    RefreshToken {
        client_id: Arc::clone(&client.client_id),
        gateway: desk.gateway,
        user: Arc::clone(&company.manager),
        company,
        scope: Scope::default_for(Purpose::Consent),
        grant: desk.state.new_grant(),
        issued_at: desk.now,
        rotated_at: None,
    }
}

/// Gives the same refresh token again or, where they rotate, one in its place.
///
/// The token that was replaced is remembered, so that its replay is known for what it is.
fn next(desk: &mut Desk<'_>, sent: &str, token: &RefreshToken) -> (Rule, Option<Secret>) {
    if !desk.refresh_tokens.rotate() {
        let repeated = desk.world.rules.keep(Rule::RefreshTokenRepeated);
        return (Rule::RefreshIssued, repeated.then(|| Secret::from(sent)));
    }
    let now = desk.now;
    if let Some(replaced) = desk.state.refresh_tokens.get_mut(Digest::of(sent)) {
        replaced.rotated_at.get_or_insert(now);
    }
    let text = desk.world.entropy.uuid();
    let successor = RefreshToken {
        issued_at: now,
        rotated_at: None,
        ..token.clone()
    };
    desk.state.refresh_tokens.put(Digest::of(&text), successor);
    (Rule::RefreshRotated, Some(Secret::from(text)))
}
