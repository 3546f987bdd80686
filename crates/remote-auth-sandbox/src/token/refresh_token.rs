//! The refresh grant: a new access token for the same refresh token.
//!
//! Remote does not rotate refresh tokens, and no lifetime of theirs is documented, so here they end
//! only when their grant is revoked.
//! See <https://www.rfc-editor.org/rfc/rfc6749#section-6>.

use remote_oauth_client::Secret;

use crate::{
    parameters::Parameters,
    registration::Registration,
    rule::Rule,
    state::{Digest, Principal},
    token::{issue_access_token, required},
    wire::{Issued, OAuthError, Refusal},
    world::Desk,
};

pub(super) fn refresh(
    desk: &mut Desk<'_>,
    client: &Registration,
    form: &Parameters,
) -> Result<Issued, Refusal> {
    let sent = required(form, "refresh_token")?;
    let refused = |rule| Refusal::new(rule, OAuthError::InvalidGrant);
    let known = desk.state.refresh_tokens.get(Digest::of(sent)).cloned();
    let token = known.ok_or(refused(Rule::RefreshKnown))?;
    if token.client_id != client.client_id {
        return Err(refused(Rule::RefreshClient));
    }
    if token.gateway != desk.gateway {
        return Err(refused(Rule::RefreshGateway));
    }
    let scope = token
        .scope
        .narrowed_to(form.get("scope"))
        .map_err(|_| Refusal::new(Rule::RefreshScope, OAuthError::InvalidScope))?;
    let principal = Principal::Company {
        company: token.company,
        user: token.user,
    };
    Ok(Issued {
        rule: Rule::RefreshIssued,
        access_token: issue_access_token(
            desk,
            &client.client_id,
            principal,
            scope,
            Some(token.grant),
        ),
        refresh_token: Some(Secret::from(sent)),
        named: None,
    })
}
