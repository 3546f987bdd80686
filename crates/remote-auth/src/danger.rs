//! Protections that can be given up, and what is lost with each.
//!
//! Search for this module's name to find every place that gives one up.

/// Names a protection to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weakening {
    /// Sends authorization requests without PKCE.
    ///
    /// Lost: a code that leaks on its way back can be redeemed by whoever holds the client's credentials, and a
    /// code of an attacker's can be slipped into a user's session.
    /// Needed only if a server refuses the parameters, which <https://www.rfc-editor.org/rfc/rfc6749#section-3.1>
    /// tells it not to.
    NoPkce,
    /// Signs assertions with a client secret of fewer than 256 bits.
    ///
    /// Lost: whoever sees one assertion can look for the secret offline.
    /// <https://www.rfc-editor.org/rfc/rfc7518#section-3.2> forbids such keys.
    ShortAssertionKey,
    /// Sends a token to operations that its principal is known not to reach, such as a partner's own token to the
    /// time off of employees.
    ///
    /// Lost: the early error that says which token to use; the gateway answers 403 or 404 without a reason.
    /// Needed only if Remote has opened an operation since its map was published.
    AnyPrincipal,
}

/// The protections that one client has given up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given {
    pub(crate) no_pkce: bool,
    pub(crate) short_assertion_key: bool,
    pub(crate) any_principal: bool,
}

impl Given {
    pub(crate) fn up(&mut self, weakening: Weakening) {
        match weakening {
            Weakening::NoPkce => self.no_pkce = true,
            Weakening::ShortAssertionKey => self.short_assertion_key = true,
            Weakening::AnyPrincipal => self.any_principal = true,
        }
    }
}
