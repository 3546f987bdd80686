//! The judgement of a callback, as a pure function.

use remote_oauth_client::{Foreign, Secret};
use url::Url;

use crate::error::{Deviated, Deviation, Error, ErrorCode, Mismatched, Refused, Step};

/// What the callback must match.
pub(super) struct Expected<'a> {
    pub(super) redirect_uri: &'a Url,
    pub(super) state: &'a Secret,
    pub(super) issuer: &'a str,
    pub(super) issuer_required: bool,
}

/// The parameters that OAuth defines for a callback. Each may stand once.
#[derive(Default)]
struct Parameters {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    error_uri: Option<String>,
}

impl Parameters {
    fn read(callback: &Url) -> Result<Self, Error> {
        let mut parameters = Self::default();
        for (name, value) in callback.query_pairs() {
            // Requirement: rfc6749.3.1.no-repeats
            if let Some(place) = parameters.place(&name)
                && place.replace(value.into_owned()).is_some()
            {
                return Err(Mismatched::Duplicate.into());
            }
        }
        Ok(parameters)
    }

    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "code" => &mut self.code,
            "state" => &mut self.state,
            "iss" => &mut self.iss,
            "error" => &mut self.error,
            "error_description" => &mut self.error_description,
            "error_uri" => &mut self.error_uri,
            // Requirement: rfc6749.4.1.2.unknown-ignored
            _ => return None,
        })
    }
}

/// Tells whether OAuth defines a parameter of this name for a callback.
pub(super) fn defines(name: &str) -> bool {
    Parameters::default().place(name).is_some()
}

pub(super) fn judge(callback: &str, expected: &Expected<'_>) -> Result<Secret, Error> {
    // No request line can carry them, and the parser of addresses would drop some without a word.
    if callback.contains(|c: char| c == ' ' || c.is_ascii_control()) {
        return Err(Mismatched::RedirectUri.into());
    }
    let callback = expected
        .redirect_uri
        .join(callback)
        .map_err(|_| Error::from(Mismatched::RedirectUri))?;
    // Requirement: rfc8252.8.10.redirect-uri-kept
    if !arrives_at(&callback, expected.redirect_uri) {
        return Err(Mismatched::RedirectUri.into());
    }
    let parameters = Parameters::read(&callback)?;
    // State first: nothing else in a forged callback deserves to be believed, an error least of all.
    if !parameters
        .state
        // Requirement: rfc6749.10.12.client-csrf, rfc8252.8.9.state, rfc9700.4.7.1.constant-time
        .is_some_and(|state| expected.state.same_as(&state.into()))
    {
        return Err(Mismatched::State.into());
    }
    // Requirement: rfc9207.2.4.errors-too, rfc9700.4.4.2.mix-up-defence
    match parameters.iss {
        // Requirement: rfc9207.2.4.compared, rfc9207.2.4.mismatch
        Some(issuer) if issuer != expected.issuer => return Err(Mismatched::Issuer.into()),
        // Requirement: rfc9207.2.4.required
        None if expected.issuer_required => return Err(Mismatched::Issuer.into()),
        _ => {}
    }
    // Requirement: rfc6749.4.1.2.1.error-is-typed
    if let Some(error) = parameters.error {
        let description = parameters.error_description.as_deref().map(Foreign::from);
        return Err(Refused::new(
            Step::Authorization,
            ErrorCode::read(&error),
            None,
            description,
        )
        .into());
    }
    let code = parameters.code.map(Secret::from).filter(Secret::is_vschar);
    let no_code = Deviated {
        step: Step::Authorization,
        status: None,
        deviation: Deviation::NoCode,
    };
    code.ok_or_else(|| no_code.into())
}

/// Tells whether an address is the redirection URI with parameters added: <https://www.rfc-editor.org/rfc/rfc8252#section-8.10>.
fn arrives_at(callback: &Url, redirect_uri: &Url) -> bool {
    let same_place = callback.scheme() == redirect_uri.scheme()
        && callback.host_str() == redirect_uri.host_str()
        && callback.port_or_known_default() == redirect_uri.port_or_known_default()
        && callback.username() == redirect_uri.username()
        && callback.password() == redirect_uri.password()
        && callback.path() == redirect_uri.path();
    let arrived = |registered| callback.query_pairs().any(|pair| pair == registered);
    same_place && redirect_uri.query_pairs().all(arrived)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(callback: &str, issuer_required: bool) -> Result<(), &'static str> {
        let judgement = judgement(callback, issuer_required);
        judgement.map(drop).map_err(|error| error.code())
    }

    fn judgement(callback: &str, issuer_required: bool) -> Result<Secret, Error> {
        let redirect_uri = Url::parse("https://p.example/cb?keep=1").expect("url");
        let expected = Expected {
            redirect_uri: &redirect_uri,
            state: &Secret::from("right"),
            issuer: "https://as.example",
            issuer_required,
        };
        judge(callback, &expected)
    }

    // Requirement: rfc6749.10.12.client-csrf, rfc6749.3.1.no-repeats
    // Requirement: rfc6749.4.1.2.1.error-is-typed, rfc6749.4.1.2.unknown-ignored
    // Requirement: rfc8252.8.10.redirect-uri-kept, rfc8252.8.9.state, rfc9207.2.4.compared
    // Requirement: rfc9207.2.4.mismatch, rfc9700.2.1.csrf, rfc9700.2.1.mix-up
    // Requirement: rfc9700.4.4.2.mix-up-defence
    #[test]
    fn each_callback_has_its_verdict() {
        let cases = [
            ("https://p.example/cb?keep=1&code=c&state=right", Ok(())),
            ("https://p.example:443/cb?keep=1&code=c&state=right", Ok(())),
            ("/cb?keep=1&code=c&state=right", Ok(())),
            ("?keep=1&code=c&state=right&unknown=x&unknown=y", Ok(())),
            (
                "?keep=1&code=c&state=right&iss=https%3A%2F%2Fas.example",
                Ok(()),
            ),
            (
                "https://p.example/cb?code=c&state=right",
                Err("mismatched.redirect_uri"),
            ),
            (
                "https://p.example/cb/?keep=1&code=c&state=right",
                Err("mismatched.redirect_uri"),
            ),
            (
                "http://p.example/cb?keep=1&code=c&state=right",
                Err("mismatched.redirect_uri"),
            ),
            (
                "https://evil.example/cb?keep=1&code=c&state=right",
                Err("mismatched.redirect_uri"),
            ),
            (
                "https://u@p.example/cb?keep=1&code=c&state=right",
                Err("mismatched.redirect_uri"),
            ),
            (
                "https://p.example/cb?keep=1&code=c&state=ri\nght",
                Err("mismatched.redirect_uri"),
            ),
            (
                " https://p.example/cb?keep=1&code=c&state=right",
                Err("mismatched.redirect_uri"),
            ),
            ("?keep=1&code=c", Err("mismatched.state")),
            ("?keep=1&code=c&state=", Err("mismatched.state")),
            ("?keep=1&code=c&state=Right", Err("mismatched.state")),
            ("?keep=1&code=c&state=right%20", Err("mismatched.state")),
            (
                "?keep=1&code=c&state=right&state=right",
                Err("mismatched.duplicate"),
            ),
            (
                "?keep=1&code=c&code=d&state=right",
                Err("mismatched.duplicate"),
            ),
            (
                "?keep=1&error=access_denied&error=x&state=right",
                Err("mismatched.duplicate"),
            ),
            (
                "?keep=1&error=x&error_description=a&error_description=b&state=right",
                Err("mismatched.duplicate"),
            ),
            (
                "?keep=1&error=x&error_uri=a&error_uri=b&state=right",
                Err("mismatched.duplicate"),
            ),
            (
                "?keep=1&code=c&state=right&iss=a&iss=a",
                Err("mismatched.duplicate"),
            ),
            (
                "?keep=1&code=c&state=right&iss=https%3A%2F%2Fother.example",
                Err("mismatched.issuer"),
            ),
            (
                "?keep=1&code=c&state=right&iss=https%3A%2F%2Fas.example%2F",
                Err("mismatched.issuer"),
            ),
            (
                "?keep=1&error=access_denied&state=wrong",
                Err("mismatched.state"),
            ),
            (
                "?keep=1&error=access_denied&state=right",
                Err("refused.access_denied"),
            ),
            (
                "?keep=1&error=access_denied&code=c&state=right",
                Err("refused.access_denied"),
            ),
            ("?keep=1&error=canary&state=right", Err("refused.unknown")),
            ("?keep=1&error=&code=c&state=right", Err("refused.unknown")),
            ("?keep=1&code=c&state=right&iss=", Err("mismatched.issuer")),
            ("?keep=1&state=right", Err("deviated.no_code")),
            ("?keep=1&code=&state=right", Err("deviated.no_code")),
            ("?keep=1&code=%0A&state=right", Err("deviated.no_code")),
        ];
        for (callback, expected) in cases {
            assert_eq!(judged(callback, false), expected, "{callback}");
        }
    }

    // Requirement: rfc9207.2.4.errors-too, rfc9207.2.4.required, rfc9700.4.4.2.mix-up-defence
    #[test]
    fn a_required_issuer_must_be_there_in_errors_too() {
        assert_eq!(
            judged("?keep=1&code=c&state=right", true),
            Err("mismatched.issuer")
        );
        assert_eq!(
            judged("?keep=1&error=access_denied&state=right", true),
            Err("mismatched.issuer")
        );
        assert_eq!(
            judged(
                "?keep=1&code=c&state=right&iss=https%3A%2F%2Fas.example",
                true
            ),
            Ok(())
        );
    }

    #[test]
    fn an_error_keeps_its_description_for_who_asks() {
        let callback = "?keep=1&error=access_denied&error_description=not+today&state=right";
        match judgement(callback, false) {
            Err(Error::Refused(refused)) => {
                assert_eq!(refused.description().as_deref(), Some("not today"));
            }
            other => panic!("{:?} in place of a refusal", other.map(drop)),
        }
    }
}
