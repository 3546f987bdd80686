//! One scope token: its grammar and its style.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;

use remote_oauth_client::catalogue::{self, ScopeEntry, ScopeStyle};

use crate::error::{Error, Misuse};

/// Holds one scope token.
///
/// Three cases are told apart: a malformed text does not parse; a token that Remote publishes
/// [is known](ScopeToken::is_known); any other is unknown and may be sent all the same, because Remote can publish
/// a name before this crate has it.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#appendix-A.4>
///
/// ```
/// use remote_auth::scope::{ScopeStyle, ScopeToken};
/// let token: ScopeToken = "timeoff:read".parse()?;
/// assert_eq!((token.style(), token.is_known()), (ScopeStyle::Action, true));
/// let newer: ScopeToken = "sabbatical:read".parse()?;
/// assert_eq!((newer.style(), newer.is_known()), (ScopeStyle::Action, false));
/// assert_eq!("timeoff read".parse::<ScopeToken>().unwrap_err().code(), "misuse.scope_syntax");
/// # Ok::<(), remote_auth::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeToken(Cow<'static, str>);

impl ScopeToken {
    /// Takes a token of the catalogue or of the operation map, where all are well-formed.
    pub(super) const fn published(token: &'static str) -> Self {
        Self(Cow::Borrowed(token))
    }

    /// Returns the token as it is written on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the style, told by the token's shape, so that an unknown token has one too.
    pub fn style(&self) -> ScopeStyle {
        match self.as_str() {
            catalogue::ALL_READ | catalogue::ALL_WRITE => ScopeStyle::CatchAll,
            token if token.contains("://") => ScopeStyle::Url,
            token if token.contains(':') => ScopeStyle::Action,
            _ => ScopeStyle::Category,
        }
    }

    /// Tells whether Remote publishes this token, as far as the catalogue of this version goes.
    pub fn is_known(&self) -> bool {
        self.entry().is_some()
    }

    /// Returns what the catalogue says of the token.
    pub(super) fn entry(&self) -> Option<&'static ScopeEntry> {
        catalogue::scope(self.as_str())
    }
}

/// Tells whether a text has the RFC's characters, `NQCHAR`, and at least one of them.
// Requirement: rfc6749.3.3.syntax
fn is_well_formed(text: &str) -> bool {
    let is_nqchar = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !text.is_empty() && text.bytes().all(is_nqchar)
}

impl FromStr for ScopeToken {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if is_well_formed(text) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(Misuse::ScopeSyntax.into())
        }
    }
}

/// Lets a set of tokens be asked with a text.
impl Borrow<str> for ScopeToken {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ScopeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ScopeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeToken({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: remote.skill.mistake-full-catalogue
    #[test]
    fn each_token_has_one_style() {
        let style = |token: &str| token.parse::<ScopeToken>().expect(token).style();
        for (token, expected) in [
            ("https://gateway.remote.com/company.manage", ScopeStyle::Url),
            ("timeoff:read", ScopeStyle::Action),
            ("bank_account:write", ScopeStyle::Action),
            ("company_admin", ScopeStyle::Category),
            ("all:read", ScopeStyle::CatchAll),
            ("all:write", ScopeStyle::CatchAll),
            ("all:other", ScopeStyle::Action),
        ] {
            assert_eq!(style(token), expected, "{token}");
        }
        for entry in catalogue::SCOPES {
            assert_eq!(style(entry.token), entry.style, "{}", entry.token);
        }
    }

    #[test]
    fn the_characters_are_those_of_the_rfc() {
        for byte in 0..=u8::MAX {
            let text = char::from(byte).to_string();
            let allowed = byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
            assert_eq!(text.parse::<ScopeToken>().is_ok(), allowed, "{byte:#x}");
        }
        assert!("".parse::<ScopeToken>().is_err());
    }

    #[test]
    fn a_token_is_known_by_its_exact_name() {
        for (token, known) in [
            ("timeoff:read", true),
            ("Timeoff:read", false),
            ("timeoff:create", false),
            ("https://gateway.remote.com/company.manage", true),
            ("https://gateway.remote-sandbox.com/company.manage", false),
        ] {
            let token: ScopeToken = token.parse().expect(token);
            assert_eq!(token.is_known(), known, "{token}");
        }
    }
}
