//! Which operations of the map does a token let through?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use remote_oauth_client::catalogue;

use super::{Operation, Scope, ScopeToken};

/// Mapped operations, by their places in the map.
pub(super) type Places = BTreeSet<usize>;

/// Returns the mapped operations that a token lets through; none for a token that the map does not name.
pub(super) fn of(token: &str) -> &'static Places {
    static REACH: LazyLock<BTreeMap<&str, Places>> = LazyLock::new(|| {
        let places = |token| {
            let scope = Scope::from(ScopeToken::published(token));
            Operation::all()
                .enumerate()
                .filter(|(_, operation)| operation.is_mapped() && operation.is_allowed_by(&scope))
                .map(|(place, _)| place)
                .collect()
        };
        let tokens = catalogue::SCOPES.iter().map(|entry| entry.token);
        tokens.map(|token| (token, places(token))).collect()
    });
    static NOWHERE: Places = Places::new();
    REACH.get(token).unwrap_or(&NOWHERE)
}

/// Returns the mapped operations that any of the tokens lets through.
pub(super) fn of_all<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Places {
    tokens.into_iter().flat_map(of).copied().collect()
}
