//! What a principal cannot reach whatever its scope is, as far as that is certain.
//!
//! Remote refuses such a call with 403 or 404 and no reason; here it is a misuse with one, before anything is sent.
//! Only what is certain is refused: the published scopes say more than the servers hold to, so a call that has been
//! seen to work passes, and so does every operation that the map does not know.

use remote_oauth_client::catalogue::{self, Flow};

use crate::environment::Gateway;
use crate::error::Misuse;
use crate::scope::Operation;
use crate::token::Principal;

/// Resources whose scopes are not listed for client credentials, although Remote's own example server asks for them
/// with the partner's token: currencies of companies, and the forms of a country (Remote facts §16).
const SEEN_WITH_PARTNERS: [&str; 2] = ["company_currencies:", "form:"];

/// What stands before the version in older addresses of the same operations.
const OLDER_FRONTS: [&str; 2] = ["/api/eor", "/eor"];

/// Refuses an operation that a principal certainly cannot reach.
///
/// A partner's token stands for no user and no company: it fails on the employee's own operations, and on those whose
/// scopes Remote lists for consent and not for client credentials.
/// An employee's token reaches the employee's own operations and no others (Remote facts §6).
pub(crate) fn check(principal: Principal, operation: Operation) -> Result<(), Misuse> {
    match principal {
        Principal::Partner if operation.is_employees() || !is_listed_for_partners(operation) => {
            Err(Misuse::BeyondPartner)
        }
        Principal::Employee if operation.is_mapped() && !operation.is_employees() => {
            Err(Misuse::BeyondEmployee)
        }
        _ => Ok(()),
    }
}

fn is_listed_for_partners(operation: Operation) -> bool {
    let mut tokens = operation.actions().peekable();
    tokens.peek().is_none()
        || tokens.any(|token| {
            let listed = catalogue::scope(token)
                .is_some_and(|entry| entry.flows.contains(&Flow::ClientCredentials));
            let seen = SEEN_WITH_PARTNERS
                .iter()
                .any(|resource| token.starts_with(resource));
            listed || seen
        })
}

/// Finds the operation that a request to a gateway asks for, under any of the prefixes of the API.
pub(crate) fn operation_of(gateway: &Gateway, request: &reqwest::Request) -> Option<Operation> {
    let base = gateway.base().path().trim_end_matches('/');
    let below = request.url().path().strip_prefix(base)?;
    let newer = OLDER_FRONTS.iter().find_map(|front| {
        below
            .strip_prefix(front)
            .filter(|rest| rest.starts_with('/'))
    });
    Operation::find(request.method().as_str(), newer.unwrap_or(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_is_refused() {
        use Misuse::{BeyondEmployee, BeyondPartner};
        use Principal::{Company, CompanyManager, Customer, Employee, Partner};
        let (partner, employee) = (Err(BeyondPartner), Err(BeyondEmployee));
        let cases = [
            // The partner's own, and what has been seen to work with its token.
            ("GET /v1/companies", Partner, Ok(())),
            ("POST /v1/companies", Partner, Ok(())),
            (
                "POST /v1/companies/{company_id}/create-token",
                Partner,
                Ok(()),
            ),
            ("GET /v1/countries", Partner, Ok(())),
            ("GET /v1/countries/PRT/address_details", Partner, Ok(())),
            ("GET /v1/company-currencies", Partner, Ok(())),
            ("POST /v1/webhook-callbacks", Partner, Ok(())),
            ("GET /v1/identity/current", Partner, Ok(())),
            // What the map does not say.
            ("GET /v1/employments", Partner, Ok(())),
            ("GET /v1/employments", Employee, Ok(())),
            // What only a company's, a user's or an employee's token can do.
            ("GET /v1/timeoff", Partner, partner),
            ("POST /v1/magic-link", Partner, partner),
            ("GET /v1/company-managers", Partner, partner),
            ("PATCH /v1/employments/e-1", Partner, partner),
            ("GET /v1/employee/current", Partner, partner),
            ("GET /v1/employee/timeoff", Partner, partner),
            ("GET /v1/timeoff", Employee, employee),
            ("GET /v1/companies", Employee, employee),
            ("GET /v1/countries/PRT/address_details", Employee, employee),
            ("GET /v1/employee/timeoff", Employee, Ok(())),
            ("GET /v1/employee/current", Employee, Ok(())),
            // Nothing is certain for the others.
            ("GET /v1/companies", Customer, Ok(())),
            ("GET /v1/employee/timeoff", Company, Ok(())),
            ("POST /v1/companies", CompanyManager, Ok(())),
        ];
        for (text, principal, expected) in cases {
            let operation = text.parse().expect(text);
            assert_eq!(check(principal, operation), expected, "{principal}: {text}");
        }
    }

    #[test]
    fn a_request_is_recognized_under_every_prefix_and_below_every_gateway() {
        let cases = [
            ("https://gateway.example", "/v1/timeoff?page=1", true),
            ("https://gateway.example", "/eor/v1/timeoff", true),
            ("https://gateway.example", "/api/eor/v1/timeoff", true),
            ("http://127.0.0.1:4000/api/eor", "/v1/timeoff", true),
            ("https://gateway.example/base", "/eor/v1/timeoff", true),
            ("https://gateway.example", "/eorv1/timeoff", false),
            ("https://gateway.example", "/v3/timeoff", false),
            ("https://gateway.example", "/", false),
        ];
        for (gateway, path, known) in cases {
            let url = format!("{gateway}{path}").parse().expect(path);
            let request = reqwest::Request::new(reqwest::Method::GET, url);
            let found = operation_of(&gateway.parse().expect(gateway), &request);
            let found = found.map(|operation| operation.to_string());
            assert_eq!(
                found,
                known.then(|| "GET /v1/timeoff".to_owned()),
                "{gateway}{path}"
            );
        }
    }
}
