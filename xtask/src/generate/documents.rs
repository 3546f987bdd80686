//! The documents that code is generated from, and what is made of each.
//!
//! This is data; the stages read it and know no document by name.
//! A new provider is an entry here and a file below `spec/`.

use super::scopes;
use super::sources::{ACCOMMODATIONS, CORRECTIONS, SOURCE_PAGE, UPSTREAM};

/// One described API.
pub(crate) struct Document {
    /// The OpenAPI 3.1 document.
    pub(crate) source: &'static str,
    /// Who wrote it, and what that entails.
    pub(crate) origin: Origin,
    /// Where the OpenAPI 3.0 document goes that the generator reads.
    pub(crate) codegen: &'static str,
    /// What the client crate gets.
    pub(crate) client: Client,
    /// The module of typed mocks that the conformance crate gets, if any.
    pub(crate) mock: Option<&'static str>,
}

/// Who wrote a document.
pub(crate) enum Origin {
    /// Somebody else: it is kept byte for byte, and believed only as corrected.
    Received {
        /// The page that promises the document's digest.
        page: &'static str,
        /// The overlay that states facts.
        corrections: &'static str,
        /// The overlay that serves the generator.
        accommodations: &'static str,
        /// Where the document goes that is believed.
        corrected: &'static str,
    },
    /// We: it is believed as it stands, and each of its operations lists its sources.
    Ours,
}

/// What the client crate gets from one document.
pub(crate) struct Client {
    /// The module of the generated client.
    pub(crate) module: &'static str,
    /// The type that says how a request is authenticated; none where the body does that.
    pub(crate) inner: Option<&'static str>,
    /// Enum variants that the generator names badly, and the names that they get.
    pub(crate) renamed: &'static [(&'static str, &'static str)],
    /// The module of the constants.
    pub(crate) endpoints: &'static str,
    /// Each path of the document: an operation at it, and the name and the meaning of its constant.
    pub(crate) paths: &'static [(&'static str, &'static str, &'static str)],
}

impl Document {
    /// Returns whose digest the generated files carry.
    pub(crate) const fn digested(&self) -> &'static str {
        match self.origin {
            Origin::Received { .. } => "Upstream",
            Origin::Ours => "Source",
        }
    }

    /// Returns what a person changes to change the generated files.
    pub(crate) const fn edited(&self) -> &'static str {
        match self.origin {
            Origin::Received { .. } => "spec/remote/overlays",
            Origin::Ours => self.source,
        }
    }
}

/// Returns every file that some stage reads.
pub(crate) fn source_files() -> impl Iterator<Item = &'static str> {
    let of = |document: &Document| match document.origin {
        Origin::Received {
            page,
            corrections,
            accommodations,
            ..
        } => vec![document.source, page, corrections, accommodations],
        Origin::Ours => vec![document.source],
    };
    DOCUMENTS
        .iter()
        .flat_map(of)
        .chain(std::iter::once(scopes::SOURCE))
}

/// What the API of Remote's OAuth endpoints is believed to be.
pub(crate) const CORRECTED: &str = "spec/remote/effective/openapi-3.1.corrected.json";

/// Every document.
pub(crate) const DOCUMENTS: [Document; 3] = [OAUTH, PLATFORM, GOGOX];

/// Remote's OAuth endpoints, as a third party has described them.
pub(crate) const OAUTH: Document = Document {
    source: UPSTREAM,
    origin: Origin::Received {
        page: SOURCE_PAGE,
        corrections: CORRECTIONS,
        accommodations: ACCOMMODATIONS,
        corrected: CORRECTED,
    },
    codegen: "spec/remote/effective/openapi-3.0.codegen.json",
    client: Client {
        module: "client",
        inner: Some("crate::auth::ClientAuth"),
        renamed: &[("UrnIetfParamsOauthGrantTypeJwtBearer", "JwtBearer")],
        endpoints: "endpoints",
        paths: &[
            (
                "authorize",
                "AUTHORIZE_PATH",
                "Path of the authorization endpoint, which a browser visits.",
            ),
            (
                "exchangeOAuthToken",
                "TOKEN_PATH",
                "Path of the token endpoint.",
            ),
        ],
    },
    mock: Some("mock"),
};

/// Remote's platform, as far as authentication touches it.
pub(crate) const PLATFORM: Document = Document {
    source: "spec/remote/platform.yaml",
    origin: Origin::Ours,
    codegen: "spec/remote/effective/platform-3.0.codegen.json",
    client: Client {
        module: "platform",
        inner: Some("crate::auth::BearerAuth"),
        renamed: &[],
        endpoints: "platform_endpoints",
        paths: &[
            (
                "getCurrentIdentity",
                "IDENTITY_PATH",
                "Path of the identity behind a token.",
            ),
            (
                "getCurrentEmployee",
                "EMPLOYEE_PATH",
                "Path of the identity behind an employee's token.",
            ),
            ("listCompanies", "COMPANIES_PATH", "Path of the companies."),
            (
                "createCompanyToken",
                "CREATE_TOKEN_PATH",
                "Path that creates a company's tokens.",
            ),
            (
                "createMagicLink",
                "MAGIC_LINK_PATH",
                "Path that creates magic links.",
            ),
            (
                "listEmployments",
                "EMPLOYMENTS_PATH",
                "Path of the employments.",
            ),
            (
                "listCompanyManagers",
                "COMPANY_MANAGERS_PATH",
                "Path of the company managers.",
            ),
            (
                "createWebhookCallback",
                "WEBHOOK_CALLBACKS_PATH",
                "Path of the webhook callbacks.",
            ),
            (
                "deleteWebhookCallback",
                "WEBHOOK_CALLBACK_PATH",
                "Path of one webhook callback.",
            ),
        ],
    },
    mock: None,
};

/// The token endpoint of GOGOX.
pub(crate) const GOGOX: Document = Document {
    source: "spec/gogox/oauth.yaml",
    origin: Origin::Ours,
    codegen: "spec/gogox/effective/oauth-3.0.codegen.json",
    client: Client {
        module: "gogox",
        inner: None,
        renamed: &[],
        endpoints: "gogox_endpoints",
        paths: &[("requestToken", "TOKEN_PATH", "Path of the token endpoint.")],
    },
    mock: None,
};
