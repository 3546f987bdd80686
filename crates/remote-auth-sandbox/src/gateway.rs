//! The three gateways that one embedded sandbox plays.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names one of Remote's gateways, each of which the embedded sandbox serves on a port of its own.
///
/// All three share clients and fixture data, as Remote's environments share a product.
/// They share no token: what one gateway issued, the others refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gateway {
    /// Stands for `https://gateway.remote.com`.
    Production,
    /// Stands for `https://gateway.remote-sandbox.com`.
    Sandbox,
    /// Stands for `https://gateway.partners.remote-sandbox.com`.
    PartnerSandbox,
}

impl Gateway {
    /// Lists the three gateways in the order of their declaration.
    pub const ALL: [Self; 3] = [Self::Production, Self::Sandbox, Self::PartnerSandbox];

    /// Returns the name in the form that command lines use, such as `partner-sandbox`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
            Self::PartnerSandbox => "partner-sandbox",
        }
    }

    /// Returns what customer API tokens of this gateway begin with.
    ///
    /// The prefix tells production from the two sandboxes, and the two sandboxes not from each
    /// other.
    pub const fn customer_token_prefix(self) -> &'static str {
        match self {
            Self::Production => "ra_live_",
            Self::Sandbox | Self::PartnerSandbox => "ra_test_",
        }
    }

    /// Returns the place of this gateway in [`Gateway::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gateway_stands_at_its_own_index() {
        for (place, gateway) in Gateway::ALL.into_iter().enumerate() {
            assert_eq!(gateway.index(), place, "{gateway}");
            assert_eq!(
                serde_json::to_value(gateway).unwrap(),
                gateway.name(),
                "the name is the same in JSON"
            );
        }
    }
}
