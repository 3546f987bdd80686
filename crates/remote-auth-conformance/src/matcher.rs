//! What the generated mocks cannot match by themselves.

use httpmock::When;
use remote_oauth_client::types::TokenRequest;
use remote_oauth_client::{BasicEncoding, Secret};

use crate::operations::RequestTokenWhen;
use crate::seen::Seen;

/// Adds form bodies and client authentication to the generated mock of the token endpoint.
///
/// The generator's own body matcher knows JSON only, and so never matches a form.
pub trait RequestMatcher: Sized {
    /// Matches a request whose form holds what the given one says: every parameter once and nothing else.
    ///
    /// The query must be absent too, since parameters could hide there.
    fn form(self, request: &TokenRequest) -> Self;

    /// Matches a request with exactly one `Authorization` header, HTTP Basic with this identifier and secret.
    fn basic(self, client_id: &str, client_secret: &Secret, encoding: BasicEncoding) -> Self;

    /// Matches a request without any `Authorization` header.
    fn no_authorization(self) -> Self;
}

impl RequestMatcher for RequestTokenWhen {
    fn form(self, request: &TokenRequest) -> Self {
        let expected = pairs_of(request);
        matching(self, move |seen| {
            let mut pairs = seen.form();
            if let Some(pairs) = &mut pairs {
                pairs.sort();
            }
            seen.query.is_none() && pairs.as_ref() == Some(&expected)
        })
    }

    fn basic(self, client_id: &str, client_secret: &Secret, encoding: BasicEncoding) -> Self {
        let client_id = client_id.to_owned();
        let client_secret = client_secret.clone();
        matching(self, move |seen| {
            seen.basic(encoding).is_some_and(|(id, secret)| {
                id == client_id && client_secret.same_as(&secret.into())
            })
        })
    }

    fn no_authorization(self) -> Self {
        matching(self, |seen| seen.header("authorization").is_empty())
    }
}

fn matching(
    when: RequestTokenWhen,
    matches: impl Fn(&Seen) -> bool + Send + Sync + 'static,
) -> RequestTokenWhen {
    let when: When = when.into_inner();
    RequestTokenWhen::new(when.is_true(move |request| matches(&Seen::of(request))))
}

/// Lists the parameters of a request in the order of their names.
///
/// The way leads through JSON, so that nothing of the form codec under test takes part.
fn pairs_of(request: &TokenRequest) -> Vec<(String, String)> {
    let json = serde_json::to_value(request).expect("a token request is made of text");
    let members = json.as_object().expect("a token request is an object");
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let mut pairs: Vec<_> = members
        .iter()
        .map(|(name, value)| (name.clone(), text(value).expect("every parameter is text")))
        .collect();
    pairs.sort();
    pairs
}
