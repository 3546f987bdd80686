//! The platform operations: where each is asked, whose tokens may ask, and which scope tokens open
//! it.
//!
//! This table is the sandbox's own copy of the documents; nothing here comes from a client.
//! Rules that look into a request are with the operations themselves, in [`crate::platform`].

use axum::http::Method;

use crate::state::Principal;

/// Expands a path to the three places where gateways of Remote are known to have answered it.
macro_rules! under_every_prefix {
    ($path:literal) => {
        [
            concat!("/v1", $path),
            concat!("/eor/v1", $path),
            concat!("/api/eor/v1", $path),
        ]
    };
}

/// Opens every operation of the company that consented to it.
const URL: &str = remote_oauth_client::catalogue::COMPANY_MANAGE;

/// The operations that the sandbox has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    CurrentIdentity,
    CurrentEmployee,
    ListCompanies,
    CreateCompany,
    CreateToken,
    ListEmployments,
    ListCompanyManagers,
    CreateMagicLink,
    CreateWebhookCallback,
    DeleteWebhookCallback,
}

/// The kinds of token that an operation may be asked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Partner,
    Company,
    Manager,
    Employee,
    Customer,
}

impl Kind {
    pub(crate) const fn of(principal: &Principal) -> Self {
        match principal {
            Principal::Partner => Self::Partner,
            Principal::Company { .. } => Self::Company,
            Principal::Manager { .. } => Self::Manager,
            Principal::Employee { .. } => Self::Employee,
            Principal::Customer { .. } => Self::Customer,
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    /// The path under each prefix; a segment in braces stands for an identifier.
    pub(crate) paths: [&'static str; 3],
    pub(crate) kinds: &'static [Kind],
    /// Any one of these is enough; an operation without a scope table needs none.
    pub(crate) scopes: &'static [&'static str],
}

/// The operations as Remote's published description has them.
///
/// An assertion for a manager counts as a company token, as Remote's own tools use it, but for
/// magic links, where only the consent of a company is declared.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        operation: Operation::CurrentIdentity,
        method: Method::GET,
        paths: under_every_prefix!("/identity/current"),
        kinds: &[Kind::Partner, Kind::Company, Kind::Manager, Kind::Customer],
        scopes: &[],
    },
    Route {
        operation: Operation::CurrentEmployee,
        method: Method::GET,
        paths: under_every_prefix!("/employee/current"),
        kinds: &[Kind::Employee],
        scopes: &[],
    },
    Route {
        operation: Operation::ListCompanies,
        method: Method::GET,
        paths: under_every_prefix!("/companies"),
        kinds: &[Kind::Partner],
        scopes: &[
            URL,
            "company:read",
            "company:write",
            "company_admin",
            "company_management",
            "all:read",
            "all:write",
        ],
    },
    Route {
        operation: Operation::CreateCompany,
        method: Method::POST,
        paths: under_every_prefix!("/companies"),
        kinds: &[Kind::Partner],
        scopes: &[URL, "company:write", "company_management", "all:write"],
    },
    Route {
        operation: Operation::CreateToken,
        method: Method::POST,
        paths: under_every_prefix!("/companies/{company_id}/create-token"),
        kinds: &[Kind::Partner],
        scopes: &[],
    },
    Route {
        operation: Operation::ListEmployments,
        method: Method::GET,
        paths: under_every_prefix!("/employments"),
        kinds: &[Kind::Company, Kind::Manager, Kind::Customer],
        scopes: &[],
    },
    Route {
        operation: Operation::ListCompanyManagers,
        method: Method::GET,
        paths: under_every_prefix!("/company-managers"),
        kinds: &[Kind::Company, Kind::Manager, Kind::Customer],
        scopes: &[
            URL,
            "company_manager:read",
            "company_manager:write",
            "company_admin",
            "all:read",
            "all:write",
        ],
    },
    Route {
        operation: Operation::CreateMagicLink,
        method: Method::POST,
        paths: under_every_prefix!("/magic-link"),
        kinds: &[Kind::Company],
        scopes: &[URL, "magic_link:write", "company_admin", "all:write"],
    },
    Route {
        operation: Operation::CreateWebhookCallback,
        method: Method::POST,
        paths: under_every_prefix!("/webhook-callbacks"),
        kinds: &[Kind::Partner, Kind::Company, Kind::Manager, Kind::Customer],
        scopes: &[URL, "webhook:write", "company_admin", "all:write"],
    },
    Route {
        operation: Operation::DeleteWebhookCallback,
        method: Method::DELETE,
        paths: under_every_prefix!("/webhook-callbacks/{id}"),
        kinds: &[Kind::Company, Kind::Manager, Kind::Customer],
        scopes: &[URL, "webhook:write", "company_admin", "all:write"],
    },
];

/// Compares a path with a template of the table; where it fits, gives the identifier in it.
///
/// A template without braces gives an empty identifier, which names nothing.
pub(crate) fn identifier<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    let mut found = "";
    let (mut expected, mut sent) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), sent.next()) {
            (None, None) => return Some(found),
            (Some(name), Some(segment)) if name.starts_with('{') && !segment.is_empty() => {
                found = segment;
            }
            (Some(name), Some(segment)) if name == segment => {}
            _ => return None,
        }
    }
}

/// The template that a served path fits, to be shown in place of the path.
pub(crate) fn template(path: &str) -> Option<&'static str> {
    let mut templates = ROUTES.iter().flat_map(|route| route.paths);
    templates.find(|template| identifier(template, path).is_some())
}

/// What a method and a path come to.
pub(crate) enum Found {
    Route(&'static Route),
    /// The path is served, and these are its methods.
    OtherMethods(String),
    Nothing,
}

/// Finds the operation that a request asks for; `HEAD` asks as `GET` does.
pub(crate) fn find(method: &Method, path: &str) -> Found {
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let fits = |route: &&Route| {
        let mut templates = route.paths.iter();
        templates.any(|template| identifier(template, path).is_some())
    };
    let mut others = Vec::new();
    for route in ROUTES.iter().filter(fits) {
        if route.method == *method {
            return Found::Route(route);
        }
        others.push(route.method.as_str());
        if route.method == Method::GET {
            others.push("HEAD");
        }
    }
    match others.as_slice() {
        [] => Found::Nothing,
        others => Found::OtherMethods(others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{Purpose, Scope};

    #[test]
    fn a_path_fits_its_own_template_only() {
        let token = "/v1/companies/{company_id}/create-token";
        for (template, path, id) in [
            (token, "/v1/companies/c1/create-token", Some("c1")),
            (token, "/v1/companies//create-token", None),
            (token, "/v1/companies/c1/create-token/", None),
            (token, "/v1/companies/c1", None),
            (token, "/eor/v1/companies/c1/create-token", None),
            ("/v1/companies", "/v1/companies", Some("")),
            ("/v1/companies", "/v1/companies/c1", None),
        ] {
            assert_eq!(identifier(template, path), id, "{template} {path}");
        }
        assert_eq!(
            template("/api/eor/v1/webhook-callbacks/canary"),
            Some("/api/eor/v1/webhook-callbacks/{id}")
        );
        assert_eq!(template("/v2/companies"), None);
    }

    #[test]
    fn a_method_that_is_not_served_names_those_that_are() {
        for (method, path, found) in [
            (Method::GET, "/v1/companies", "GET"),
            (Method::HEAD, "/v1/companies", "GET"),
            (Method::POST, "/v1/companies", "POST"),
            (Method::DELETE, "/v1/companies", "not GET, HEAD, POST"),
            (Method::GET, "/v1/companies/c1/create-token", "not POST"),
            (Method::GET, "/v2/companies", "nothing"),
        ] {
            let shown = match find(&method, path) {
                Found::Route(route) => route.method.to_string(),
                Found::OtherMethods(others) => format!("not {others}"),
                Found::Nothing => "nothing".to_owned(),
            };
            assert_eq!(shown, found, "{method} {path}");
        }
    }

    #[test]
    fn every_scope_of_the_table_is_in_the_catalogue() {
        for route in ROUTES {
            for scope in route.scopes {
                let listed = [Purpose::Consent, Purpose::ClientCredentials]
                    .iter()
                    .any(|purpose| Scope::parse(Some(scope), *purpose).is_ok());
                assert!(listed, "{:?} {scope}", route.operation);
            }
        }
    }
}
