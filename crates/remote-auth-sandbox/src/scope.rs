//! Which scope tokens a request may name, by the kind of token that it asks for.
//!
//! The rules here are written from the documents alone and shared with no client.
//! Deliberately absent: the map from operations to scopes.
//! The invariant: a [`Scope`] holds names of the catalogue only, so it may be shown and logged.

use std::fmt;

use remote_oauth_client::catalogue::{
    self, ALL_WRITE, COMPANY_MANAGE, Flow, ScopeEntry, ScopeStyle,
};
use serde::{Deserialize, Serialize};

/// What a consent gives when it names no scope.
const CONSENT_DEFAULT: &str = COMPANY_MANAGE;

/// What every other token carries when nothing was asked: all that its role allows.
const ROLE_DEFAULT: &str = ALL_WRITE;

fn is_for(listed: &ScopeEntry, purpose: Purpose) -> bool {
    match purpose {
        Purpose::Consent => listed.flows.contains(&Flow::AuthorizationCode),
        Purpose::ClientCredentials => listed.flows.contains(&Flow::ClientCredentials),
        // No list is published for this role, so only the style is judged.
        Purpose::Manager => listed.style != ScopeStyle::Url,
        Purpose::Employee => listed.flows.contains(&Flow::EmployeeAssertion),
    }
}

/// What the consent page says about a name.
fn in_words(listed: &ScopeEntry) -> String {
    let plain = |name: &str| name.replace('_', " ");
    match (listed.style, listed.token.split_once(':')) {
        (ScopeStyle::Url, _) => "Manage this company and its employments".to_owned(),
        (ScopeStyle::CatchAll, Some((_, "read"))) => "Read everything your role allows".to_owned(),
        (ScopeStyle::CatchAll, _) => "Do everything your role allows".to_owned(),
        (ScopeStyle::Action, Some((resource, "read"))) => format!("Read {}", plain(resource)),
        (ScopeStyle::Action, Some((resource, _))) => format!("Read and change {}", plain(resource)),
        _ => format!("Manage {}", plain(listed.token)),
    }
}

/// What a requested scope is for; each purpose has its own list of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Consent,
    ClientCredentials,
    Manager,
    Employee,
}

/// A non-empty set of catalogue names in the order they were asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Scope(Vec<&'static ScopeEntry>);

/// The text names something that is unknown or not meant for this purpose, or is no scope at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotListed;

impl Scope {
    /// Reads a requested scope, or takes the purpose's default where nothing was requested.
    ///
    /// Names are separated by exactly one space, as
    /// <https://www.rfc-editor.org/rfc/rfc6749#section-3.3> says.
    pub(crate) fn parse(text: Option<&str>, purpose: Purpose) -> Result<Self, NotListed> {
        let default = if purpose == Purpose::Consent {
            CONSENT_DEFAULT
        } else {
            ROLE_DEFAULT
        };
        let mut names: Vec<&'static ScopeEntry> = Vec::new();
        for name in text.unwrap_or(default).split(' ') {
            let listed = catalogue::scope(name).ok_or(NotListed)?;
            if !is_for(listed, purpose) {
                return Err(NotListed);
            }
            if !names.contains(&listed) {
                names.push(listed);
            }
        }
        Ok(Self(names))
    }

    /// What a purpose gives where nothing was requested.
    pub(crate) fn default_for(purpose: Purpose) -> Self {
        Self::parse(None, purpose).expect("the default scope is in the catalogue")
    }

    /// Narrows a grant to what a refresh asks for; nothing may be asked that was not granted.
    pub(crate) fn narrowed_to(&self, text: Option<&str>) -> Result<Self, NotListed> {
        let Some(text) = text else {
            return Ok(self.clone());
        };
        let granted = |name| self.0.iter().copied().find(|listed| listed.token == name);
        text.split(' ')
            .map(|name| granted(name).ok_or(NotListed))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Tells whether any one of the names that an operation accepts was granted.
    pub(crate) fn has_any_of(&self, accepted: &[&str]) -> bool {
        self.0.iter().any(|listed| accepted.contains(&listed.token))
    }

    /// One line for people per name, with the name itself.
    pub(crate) fn in_words(&self) -> impl Iterator<Item = (String, &'static str)> {
        self.0.iter().map(|listed| (in_words(listed), listed.token))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|listed| listed.token).collect();
        f.write_str(&names.join(" "))
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl TryFrom<String> for Scope {
    type Error = &'static str;

    /// Reads names of the catalogue that were granted before, for whatever purpose.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let names = text.split(' ').map(catalogue::scope);
        let names = names.collect::<Option<_>>();
        names.map(Self).ok_or("a scope of the catalogue")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_has_its_own_names() {
        use Purpose::{ClientCredentials, Consent, Employee, Manager};
        let url = "https://gateway.remote.com/company.manage";
        let cases = [
            (Consent, None, true),
            (Consent, Some(url), true),
            (Consent, Some("employment:read payroll"), true),
            (Consent, Some("bank_account:read"), false),
            (
                Consent,
                Some("https://gateway.remote-sandbox.com/company.manage"),
                false,
            ),
            (ClientCredentials, None, true),
            (ClientCredentials, Some("company:read"), true),
            (ClientCredentials, Some("payslip:read"), false),
            (Manager, None, true),
            (Manager, Some("all:read payroll company:write"), true),
            (Manager, Some(url), false),
            (Employee, Some("timeoff:read timeoff:write"), true),
            (Employee, Some("employment:read"), false),
            (Employee, Some(url), false),
            (Consent, Some(""), false),
            (Consent, Some("payroll  invoices"), false),
            (Consent, Some(" payroll"), false),
            (Consent, Some("payroll\tinvoices"), false),
            (Consent, Some("Payroll"), false),
            (Consent, Some("timeoff:create"), false),
        ];
        for (purpose, text, good) in cases {
            assert_eq!(
                Scope::parse(text, purpose).is_ok(),
                good,
                "{purpose:?} {text:?}"
            );
        }
    }

    // Requirement: rfc6749.6.no-widening
    #[test]
    fn a_refresh_narrows_and_never_widens() {
        let granted = Scope::parse(Some("payroll invoices"), Purpose::Consent).unwrap();
        for (text, good) in [
            (None, true),
            (Some("payroll"), true),
            (Some("employments"), false),
            (Some("x"), false),
        ] {
            assert_eq!(granted.narrowed_to(text).is_ok(), good, "{text:?}");
        }
        assert!(
            !granted
                .narrowed_to(Some("payroll"))
                .unwrap()
                .has_any_of(&["invoices"])
        );
    }

    #[test]
    fn every_name_has_words_for_the_person_who_consents() {
        let scope = Scope::parse(
            Some("timeoff:read contract_amendment:write payroll"),
            Purpose::Consent,
        )
        .unwrap();
        let words: Vec<String> = scope.in_words().map(|(words, _)| words).collect();
        assert_eq!(
            words,
            [
                "Read timeoff",
                "Read and change contract amendment",
                "Manage payroll"
            ]
        );
    }
}
