//! What the program asked for and the rules forbid.

use std::fmt;

use remote_oauth_client::catalogue::ScopeStyle;

macro_rules! misuses {
    ($($(#[$doc:meta])* $name:ident $(($given:ident: $type:ty = $example:expr))? {
        code: $code:literal, text: $text:literal, hints: $hints:expr
    })*) => {
        /// Names a rule that the program's own request breaks. The programmer acts; bytes from outside never cause it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Misuse {
            $($(#[$doc])* $name $(($type))?,)*
        }

        impl Misuse {
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$name $(($example))?,)*];

            pub(super) fn code(self) -> &'static str {
                match self { $(Self::$name { .. } => concat!("misuse.", $code),)* }
            }

            pub(super) fn hints(self) -> &'static [&'static str] {
                match self { $(Self::$name { .. } => &$hints,)* }
            }
        }

        impl fmt::Display for Misuse {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Self::$name $(($given))? => write!(f, $text $(, $given)?),)* }
            }
        }
    };
}

misuses! {
    /// The gateway is neither `https` nor `http` to loopback, or carries more than host, port and path.
    Gateway {
        code: "gateway",
        text: "use the gateway: it must be https, or http to loopback, with nothing but host, port and path",
        hints: ["a loopback address is 127.0.0.1, [::1] or localhost"]
    }
    /// The name is none of Remote's environments.
    EnvironmentName {
        code: "environment_name",
        text: "find the environment: no such name",
        hints: ["the names are production, sandbox and partner-sandbox; give any other server by its address"]
    }
    /// The client identifier is empty or has characters outside printable ASCII.
    ClientId {
        code: "client_id",
        text: "use the client identifier: it must be printable ASCII and not empty",
        hints: ["copy it again: a line break at the end is the usual cause"]
    }
    /// The client identifier has a colon, and HTTP Basic as it is would be split there.
    ClientIdColon {
        code: "client_id_colon",
        text: "send the client identifier as it is: it has a colon, at which the server would split it from the secret",
        hints: ["set the builder's `basic_encoding` to form-encoding, if the server decodes it"]
    }
    /// The client secret is missing, empty or has characters outside printable ASCII.
    ClientSecret {
        code: "client_secret",
        text: "use the client secret: it must be printable ASCII and not empty",
        hints: ["copy it again: a line break at the end is the usual cause"]
    }
    /// No credentials were given to the builder.
    NoCredentials {
        code: "no_credentials",
        text: "build the client: it has no credentials",
        hints: ["call `credentials` on the builder"]
    }
    /// The refresh token is empty or has characters outside printable ASCII.
    RefreshToken {
        code: "refresh_token",
        text: "use the refresh token: it must be printable ASCII and not empty",
        hints: ["copy it again: a line break at the end is the usual cause"]
    }
    /// The redirection URI is not an absolute address, has a fragment or a parameter of OAuth's, or is plain http to
    /// another machine.
    RedirectUri {
        code: "redirect_uri",
        text: "use the redirection URI: it must be absolute, without a fragment, https or loopback or a private scheme",
        hints: ["use exactly one of the URIs registered for the client"]
    }
    /// The sealing key has another length than 32 bytes.
    SealingKey {
        code: "sealing_key",
        text: "use the sealing key: it must be 32 bytes",
        hints: ["take 256 random bits, and decode them if they are kept as text"]
    }
    /// A pending authorization was to be sealed for no session at all.
    EmptySession {
        code: "empty_session",
        text: "seal the authorization: there is no session to bind it to",
        hints: ["give a value that the browser cannot choose and that is the same at the callback"]
    }
    /// A pending authorization is too long to be sealed into a cookie.
    SealedLength {
        code: "sealed_length",
        text: "seal the authorization: it would be longer than a cookie",
        hints: ["use a shorter redirection URI"]
    }
    /// The scope has characters outside the RFC's set, or no token at all.
    ScopeSyntax {
        code: "scope_syntax",
        text: "read the scope: tokens are printable ASCII without quote and backslash, parted by single blanks",
        hints: ["a consent request takes ConsentScope::COMPANY_MANAGE, an assertion names such as `timeoff:read`"]
    }
    /// A scope of another style, which is told, than the consent request takes.
    ConsentScopeStyle(given: ScopeStyle = ScopeStyle::Action) {
        code: "consent_scope_style",
        text: "use the scope for a consent request: it wants url style, and a token of it is of {} style",
        hints: [
            "use ConsentScope::COMPANY_MANAGE, on the sandboxes too",
            "to ask for resource:action or category scopes anyway, name them through WideConsentScope"
        ]
    }
    /// A scope of another style than an assertion takes.
    AssertionScopeStyle {
        code: "assertion_scope_style",
        text: "use the scope in an assertion: it wants action, category or catch-all style, and a token of it is of url style",
        hints: ["for example `timeoff:read`; a url scope belongs in a consent request"]
    }
    /// The subject's identifier is empty or has characters that an identifier of Remote's never has.
    Subject {
        code: "subject",
        text: "use the subject: its identifier must be letters, digits and hyphens",
        hints: ["give the bare identifier, not the urn", "a manager is named by user id, an employee by employment id"]
    }
    /// The subject is spelt `emplomyent`, as in one published example.
    SubjectMisspelt {
        code: "subject_misspelt",
        text: "use the subject: the published example misspells it, the word is employment",
        hints: ["urn:remote-api:employee:employment:<employment id>"]
    }
    /// The client secret has fewer than 256 bits and cannot key HS256.
    ShortAssertionKey {
        code: "short_assertion_key",
        text: "sign the assertion: the client secret has fewer than the 32 bytes that HS256 demands",
        hints: ["ask for a longer secret, or read danger::Weakening::ShortAssertionKey"]
    }
    /// The authorization code is older than the five minutes that it lives.
    StaleCode {
        code: "stale_code",
        text: "redeem the code: it is older than five minutes",
        hints: ["redeem at once after the callback", "start the authorization again"]
    }
    /// The grant has no refresh token and its access token has expired.
    NoRefreshToken {
        code: "no_refresh_token",
        text: "renew the token: the grant came without a refresh token",
        hints: ["ask the company for consent again"]
    }
    /// The customer API token lacks its prefix or has characters outside printable ASCII.
    CustomerApiToken {
        code: "customer_api_token",
        text: "use the customer API token: it must begin with ra_live_ or ra_test_ and be printable ASCII",
        hints: ["an OAuth access token is not a customer API token"]
    }
    /// The operation is none of the map that Remote publishes.
    Operation {
        code: "operation",
        text: "find the operation: no such method and path in the published map",
        hints: ["write it as `GET /v1/employments/{employment_id}`"]
    }
    /// The provider does not offer this grant.
    GrantNotOffered {
        code: "grant_not_offered",
        text: "ask for a token in this way: the provider does not offer it",
        hints: ["GOGOX knows client credentials only"]
    }
    /// The operation takes the partner's own token only.
    PartnerOnly {
        code: "partner_only",
        text: "call the operation: only the partner's own token can",
        hints: ["make the platform from `client.client_credentials()`"]
    }
    /// The operation takes a company's token only.
    CompanyOnly {
        code: "company_only",
        text: "call the operation: only the token of a company that consented can",
        hints: ["make the platform from `client.company(grant)`"]
    }
    /// The partner's own token cannot reach the operation: it stands for no company and no user.
    BeyondPartner {
        code: "beyond_partner",
        text: "call the operation: the partner's own token stands for no company, and the operation is a company's or a user's",
        hints: [
            "use the token of a company that consented, or a user's by assertion",
            "danger::Weakening::AnyPrincipal sends the partner's token all the same"
        ]
    }
    /// An employee's token cannot reach the operation: it reaches the employee's own only.
    BeyondEmployee {
        code: "beyond_employee",
        text: "call the operation: an employee's token reaches the employee's own operations only",
        hints: [
            "look for the operation below /v1/employee/, or use the token of the company or of a company manager",
            "danger::Weakening::AnyPrincipal sends the employee's token all the same"
        ]
    }
    /// The path of a magic link is not one that Remote takes.
    MagicLinkPath {
        code: "magic_link_path",
        text: "use the path: it must begin with /, have at least one segment of letters, digits, _ and -, and no / at its end",
        hints: ["for example /dashboard or /dashboard/people?tab=active"]
    }
    /// The webhook's signing key is empty or has characters outside printable ASCII.
    SigningKey {
        code: "signing_key",
        text: "use the signing key: it must be printable ASCII and not empty",
        hints: ["Remote shows it once, when the webhook is created"]
    }
    /// The program runs without the asynchronous runtime that renewals need.
    NoRuntime {
        code: "no_runtime",
        text: "get a token: there is no tokio runtime here",
        hints: ["call from inside a tokio runtime"]
    }
    /// No grant is kept of the company.
    UnknownCompany {
        code: "unknown_company",
        text: "find the company's grant: none is kept",
        hints: ["let the company consent, and hand the grant to `CompanyTokens::insert`"]
    }
    /// The grant does not say which company gave it.
    UnnamedCompany {
        code: "unnamed_company",
        text: "keep the company's grant: it names no company",
        hints: ["name the company by `CompanyGrant::with_company`: only the redemption of the code does it by itself"]
    }
    /// A renewal panicked: a fault of this crate, which it does not repeat.
    RenewalPanicked {
        code: "renewal_panicked",
        text: "renew the token: the renewal panicked",
        hints: ["report this: it is a fault of the library", "the panic's message names the place"]
    }
    /// HTTP and TLS cannot be set up on this machine.
    Transport {
        code: "transport",
        text: "set up HTTP and TLS on this machine",
        hints: ["check the proxy variables that the HTTP library reads, and this machine's trust store"]
    }
}
