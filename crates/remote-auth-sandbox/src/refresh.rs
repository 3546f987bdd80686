//! The switch between the lives that a refresh token may have.
//!
//! The refresh grant itself is in [`crate::token`]; here is only what the switch changes.

use std::time::Duration;

use crate::{clock::Timestamp, danger::Rules, rule::Rule, state::RefreshToken};

/// Says what becomes of a refresh token when it is used, and when it ends.
///
/// Remote's stay the same and have no documented end.
/// The other lives are those of other authorization servers, for a client that has to be ready for
/// them.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-6>,
/// <https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshTokens {
    /// Every refresh gives the same token back.
    #[default]
    Constant,
    /// Every refresh gives a new token; a replay of the old one revokes the grant.
    Rotating,
    /// As [`Rotating`](Self::Rotating), but the old token works on for this long after its first
    /// use, for a client that lost the answer.
    RotatingWithGrace(Duration),
    /// Every refresh gives the same token back, until this long after it was issued.
    Expiring(Duration),
}

impl RefreshTokens {
    pub(crate) const fn rotate(self) -> bool {
        matches!(self, Self::Rotating | Self::RotatingWithGrace(_))
    }

    /// Names the rule that a token breaks which is known and shown by its own client.
    pub(crate) fn judge(
        self,
        token: &RefreshToken,
        now: Timestamp,
        rules: &Rules,
    ) -> Result<(), Rule> {
        let grace = match self {
            Self::RotatingWithGrace(grace) => grace,
            Self::Constant | Self::Rotating | Self::Expiring(_) => Duration::ZERO,
        };
        let replayed = |rotated_at| now.since(rotated_at) >= grace;
        let is_fresh = !token.rotated_at.is_some_and(replayed);
        rules.demand(Rule::RefreshSingleUse, is_fresh)?;
        let ended = matches!(self, Self::Expiring(life) if now.since(token.issued_at) >= life);
        rules.demand(Rule::RefreshUnexpired, !ended)
    }
}
