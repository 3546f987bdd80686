//! The client credentials grant: a token for the partner itself.
//!
//! See <https://www.rfc-editor.org/rfc/rfc6749#section-4.4>.

use crate::{
    parameters::Parameters,
    registration::Registration,
    rule::Rule,
    scope::{Purpose, Scope},
    state::Principal,
    token::issue_access_token,
    wire::{Issued, OAuthError, Refusal},
    world::Desk,
};

pub(super) fn issue(
    desk: &mut Desk<'_>,
    client: &Registration,
    form: &Parameters,
) -> Result<Issued, Refusal> {
    let scope = Scope::parse(form.get("scope"), Purpose::ClientCredentials).ok();
    let default = || Some(Scope::default_for(Purpose::ClientCredentials));
    let rules = &desk.world.rules;
    let scope = rules
        .find(Rule::ClientCredentialsScope, scope, default)
        .map_err(|rule| Refusal::new(rule, OAuthError::InvalidScope))?;
    let access_token = issue_access_token(desk, &client.client_id, Principal::Partner, scope, None);
    Ok(Issued {
        rule: Rule::ClientCredentialsIssued,
        access_token,
        refresh_token: None,
        named: None,
    })
}
