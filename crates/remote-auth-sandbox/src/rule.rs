//! The rules of the sandbox, each with a stable id, a sentence and its source.
//!
//! A rule here is a name; the code that obeys it returns it with its decision, and the ledger keeps
//! it.
//! The tests `every_rule_decides_some_request` and `every_broken_rule_is_seen_from_outside` keep
//! this list and the code together.

use std::fmt;

macro_rules! rules {
    (
        $($(#[doc = $says:literal])+ $decides:ident = $its_id:literal, $its_source:literal,
            [$($its_requirement:literal),*];)+
        standing:
        $($standing:tt)+
    ) => {
        rules! {
            @all
            $($(#[doc = $says])+ $decides = $its_id, $its_source, [$($its_requirement),*];)+
            $($standing)+
        }

        /// How many rules decide; they stand before the others.
        const DECIDING: usize = [$($its_id),+].len();
    };
    (
        @all
        $($(#[doc = $sentence:literal])+ $name:ident = $id:literal, $source:literal,
            [$($requirement:literal),*];)+
    ) => {
        /// Names one rule that the sandbox keeps, most often the one that decided a request.
        ///
        /// Most rules refuse the requests that break them.
        /// A few name what a good request came to, such as `token.code.redeemed`; the status tells
        /// which.
        /// The last ones decide nothing and hold for whatever was decided, such as
        /// `http.answer.not_stored`; [`decides`](Self::decides) tells which.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[doc = $sentence])+ $name,)+
        }

        impl Rule {
            /// Lists every rule, in the order in which a request meets them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the stable id, such as `token.code.single_use`.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                }
            }

            /// Finds the rule with this id.
            pub fn from_id(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|rule| rule.id() == id)
            }

            /// Returns the rule as a sentence.
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($sentence),+).trim_ascii(),)+
                }
            }

            /// Tells whether the rule can be the one that decided a request; otherwise it holds for
            /// whatever was decided, and the ledger does not name it.
            pub const fn decides(self) -> bool {
                (self as usize) < DECIDING
            }

            /// Returns the requirements below `spec/requirements` that the rule is there for, by
            /// their ids; our own rules have none.
            pub const fn requirements(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($requirement),*],)+
                }
            }

            /// Returns the document that demands the rule.
            pub const fn source(self) -> &'static str {
                match self {
                    $(Self::$name => $source,)+
                }
            }
        }
    };
}

rules! {
    /// A scripted fault decides in place of the rules.
    Scripted = "script.fault", "own rule: whoever tests scripts the faults", [];

    /// A request names a loopback host, so that a page of another site cannot reach the sandbox by
    /// a name of its own.
    HostIsLoopback = "http.host.loopback", "own safety rule", [];
    /// A body has at most 64 KiB.
    BodyIsBounded = "http.body.bounded", "own safety rule", [];
    /// A body arrives within ten seconds.
    BodyInTime = "http.body.in_time", "own safety rule", [];
    /// A path is one that the sandbox serves.
    PathServed = "http.path.served", "own rule", [];
    /// A path is asked with its own method.
    MethodServed = "http.method.served", "own rule", [];

    /// An authorization request is a well-encoded query of at most 8 KiB.
    AuthorizeWellFormed = "authorize.request.well_formed", "RFC 6749 section 4.1.1",
        ["rfc6749.10.14.input-escaped"];
    /// The client is known; otherwise a page says so and nobody is redirected.
    AuthorizeClientKnown = "authorize.client.known", "RFC 6749 section 4.1.2.1",
        ["rfc6749.4.1.1.client-id", "rfc6749.4.1.2.1.not-redirected"];
    /// The redirection URI is present and registered exactly; otherwise a page says so and nobody
    /// is redirected.
    AuthorizeRedirectRegistered = "authorize.redirect_uri.registered",
        "Remote's authorization code guide; RFC 6749 section 3.1.2",
        ["remote.authorize.redirect-uri-registered", "rfc6749.3.1.2.2.registered",
        "rfc6749.3.1.2.3.matched", "rfc6749.3.1.2.4.no-redirect",
        "rfc6749.10.6.registered-only", "rfc9700.2.1.exact-redirect"];
    /// No parameter is sent twice.
    AuthorizeParametersOnce = "authorize.parameters.once", "RFC 6749 section 3.1",
        ["rfc6749.3.1.no-repeats"];
    /// `response_type` is absent or `code`.
    AuthorizeResponseType = "authorize.response_type.code",
        "Remote's skill does not list it; RFC 6749 section 3.1.1",
        ["remote.authorize.response-type", "rfc6749.3.1.1.unsupported-response-type"];
    /// Every scope token is in the catalogue for this flow.
    AuthorizeScopeListed = "authorize.scope.listed",
        "Remote's published description, authorizationCode scopes",
        ["remote.error.invalid-scope"];
    /// A code challenge uses `S256`.
    AuthorizePkceS256 = "authorize.pkce.s256", "RFC 7636 section 4.3; RFC 9700 section 2.1.1",
        ["rfc7636.4.4.1.unsupported-method", "rfc7636.7.2.plain-refused"];
    /// Where the switch demands PKCE, an authorization request carries a code challenge.
    AuthorizePkceRequired = "authorize.pkce.required",
        "RFC 7636 section 4.4.1; a switch, because Remote documents no PKCE for partners", [];
    /// An archived company consents to nothing, and the refusal is reported by redirect.
    AuthorizeCompanyActive = "authorize.company.active",
        "follows from Remote's `company.archived`", ["rfc9700.4.14.2.revoked-on-end"];
    /// A good authorization request is shown to the company's admin.
    AuthorizeConsentAsked = "authorize.consent.asked", "Remote's authorization code guide",
        ["remote.consent.asked"];
    /// A consent form carries a ticket that was issued here within ten minutes and not used.
    AuthorizeTicketOnce = "authorize.ticket.once", "RFC 6749 section 10.12",
        ["rfc6749.10.12.server-csrf"];
    /// A consent form says `approve` or `deny`, and names no company but one of its page.
    AuthorizeDecisionGiven = "authorize.decision.given", "own rule", [];
    /// A denied consent is reported by redirect.
    AuthorizeDenied = "authorize.consent.denied", "RFC 6749 section 4.1.2.1",
        ["rfc6749.4.1.2.1.error-by-redirect"];
    /// An approved consent gives a code by redirect.
    AuthorizeApproved = "authorize.consent.approved", "RFC 6749 section 4.1.2",
        ["remote.authorize.answer"];

    /// The token endpoint answers `OPTIONS` with what it allows.
    TokenOptions = "token.options.answered", "observed by Remote's own tools",
        ["remote.token.options"];
    /// The body is a well-encoded form.
    TokenFormOnly = "token.request.form_only",
        "Remote's skill: only `application/x-www-form-urlencoded`",
        ["remote.token.form-only"];
    /// No parameter is sent twice.
    TokenParametersOnce = "token.parameters.once", "RFC 6749 section 3.2",
        ["rfc6749.3.2.no-repeats"];
    /// The parameters that the grant type needs are present.
    TokenParametersPresent = "token.parameters.present",
        "Remote's skill, error table; RFC 6749 section 5.2",
        ["remote.error.invalid-request"];
    /// The grant type is one of the four.
    TokenGrantTypeKnown = "token.grant_type.known",
        "Remote's skill, error table; RFC 6749 section 5.2",
        ["remote.error.unsupported-grant-type", "remote.flow.four-grants",
        "rfc9700.2.4.no-password"];
    /// Client credentials stand in the header and never in the body.
    TokenClientNotInBody = "token.client.not_in_body", "Remote's skill",
        ["remote.token.client-not-in-body", "rfc6749.2.3.one-method"];
    /// The client authenticates with HTTP Basic.
    TokenClientBasic = "token.client.basic", "Remote's guides and skill",
        ["remote.token.basic", "rfc6749.2.3.1.basic", "rfc6749.3.2.1.authenticated"];
    /// Client id and secret are right.
    TokenClientRight = "token.client.right", "Remote's skill, error table; RFC 6749 section 5.2",
        ["remote.error.invalid-client", "rfc9700.2.5.client-authentication"];
    /// A `client_id` in the body is the client that authenticated.
    TokenClientIdAgrees = "token.client_id.agrees", "RFC 6749 section 3.2.1",
        ["remote.token.client-id-may-agree"];
    /// One client makes at most 250 requests in a minute, token requests included.
    RateClient = "rate.client.minute", "Remote's rate-limit guide for partners",
        ["remote.rate.client-minute"];
    /// One company makes at most 300 requests in a minute with its customer API tokens.
    RateCompany = "rate.company.minute", "Remote's rate-limit guide",
        ["remote.rate.company-minute"];

    /// A client credentials request may name only scope tokens listed for it.
    ClientCredentialsScope = "token.client_credentials.scope",
        "Remote's published description, clientCredentials scopes",
        ["remote.error.invalid-scope"];
    /// The client itself gets an access token and no refresh token.
    ClientCredentialsIssued = "token.client_credentials.issued", "Remote's guide and skill",
        ["remote.client-credentials.answer", "remote.client-credentials.no-refresh-token",
        "rfc6749.4.4.3.no-refresh-token"];

    /// A code was issued here.
    CodeKnown = "token.code.known", "RFC 6749 section 5.2",
        ["rfc6749.4.1.3.code-valid"];
    /// A code works only on the gateway that issued it.
    CodeGateway = "token.code.gateway", "Remote's skill: environment-bound",
        ["remote.environment.token-bound"];
    /// A code works only for the client that it was issued to.
    CodeClient = "token.code.client", "RFC 6749 section 4.1.3",
        ["rfc6749.4.1.2.code-bound", "rfc6749.4.1.3.code-of-this-client"];
    /// A code is redeemed once; a second attempt also revokes what the first one gave.
    CodeSingleUse = "token.code.single_use", "Remote's skill; RFC 6749 section 4.1.2",
        ["remote.code.single-use", "rfc6749.4.1.2.code-single-use"];
    /// A code lives for five minutes.
    CodeFiveMinutes = "token.code.five_minutes", "Remote's skill",
        ["remote.code.five-minutes", "rfc6749.4.1.2.code-short-lived"];
    /// A redirection URI sent with a code is the one of its authorization request.
    CodeRedirectUri = "token.code.redirect_uri", "RFC 6749 section 4.1.3",
        ["rfc6749.4.1.3.redirect-uri-identical"];
    /// A code verifier meets the challenge, and there is one exactly if there was a challenge.
    CodeVerifier = "token.code.verifier", "RFC 7636 section 4.6; RFC 9700 section 2.1.1",
        ["rfc7636.4.4.bound-to-code", "rfc7636.4.6.verified", "rfc9700.2.1.1.pkce-enforced",
        "rfc9700.2.1.1.code-injection", "rfc9700.4.8.2.downgrade"];
    /// A good code gives an access token, a refresh token, the company and the user who consented.
    CodeRedeemed = "token.code.redeemed", "Remote's skill",
        ["remote.code.answer", "remote.answer.company-id"];

    /// A refresh token was issued here and not revoked.
    RefreshKnown = "token.refresh.known", "RFC 6749 section 5.2",
        ["remote.error.invalid-grant"];
    /// A refresh token works only on the gateway that issued it.
    RefreshGateway = "token.refresh.gateway", "Remote's skill: environment-bound",
        ["remote.environment.token-bound"];
    /// A refresh token works only for the client that it was issued to.
    RefreshClient = "token.refresh.client", "RFC 6749 section 6",
        ["rfc6749.6.bound-to-client", "rfc9700.2.2.2.refresh-protected"];
    /// Where the switch lets refresh tokens expire, one lives no longer than it says.
    RefreshUnexpired = "token.refresh.unexpired",
        "RFC 6749 section 5.2; a switch, because Remote documents no lifetime", [];
    /// Where refresh tokens rotate, one works once, and until the grace ends; a later replay revokes
    /// its grant.
    RefreshSingleUse = "token.refresh.single_use",
        "RFC 9700 section 4.14.2; a switch, because Remote does not rotate",
        ["rfc9700.2.2.2.refresh-protected", "rfc9700.4.14.2.reuse-revokes"];
    /// A refresh may narrow the scope and never widen it.
    RefreshScope = "token.refresh.scope", "RFC 6749 section 6",
        ["rfc6749.6.no-widening", "rfc9700.4.14.2.refresh-bound"];
    /// A refresh gives a new access token and the same refresh token, without company and user.
    RefreshIssued = "token.refresh.issued", "Remote's refresh guide and skill",
        ["remote.refresh.renews", "remote.refresh.no-ids"];
    /// Where refresh tokens rotate, a refresh gives a new access token and a new refresh token.
    RefreshRotated = "token.refresh.rotated",
        "RFC 6749 section 6; a switch, because Remote does not rotate", [];

    /// An assertion is a JSON Web Token of three base64url parts whose header and claims are
    /// objects.
    AssertionWellFormed = "token.assertion.well_formed",
        "RFC 7515 section 3.1; RFC 7519 section 7.2",
        ["rfc7523.2.1.one-jwt", "rfc7523.5.unpadded"];
    /// An assertion is signed with HS256 and has no critical header.
    AssertionAlgorithm = "token.assertion.algorithm",
        "Remote's assertion guide; RFC 7515 section 4.1.11",
        ["remote.assertion.hs256", "rfc7523.5.critical-header", "rfc7523.5.alg-none"];
    /// The issuer is the client.
    AssertionIssuer = "token.assertion.issuer", "Remote's assertion guide; RFC 7523 section 3",
        ["remote.assertion.iss", "rfc7523.3.iss"];
    /// The signature is made with the client secret.
    AssertionSignature = "token.assertion.signature",
        "Remote's assertion guide; RFC 7523 section 3",
        ["rfc7523.3.signed"];
    /// The audience is the text `<gateway>/auth` of the gateway that was called.
    AssertionAudience = "token.assertion.audience", "Remote's assertion guide and skill",
        ["remote.assertion.aud", "rfc7523.3.aud"];
    /// The expiration is present and in the future.
    AssertionExpiration = "token.assertion.expiration",
        "Remote's assertion guide; RFC 7523 section 3",
        ["rfc7523.3.exp"];
    /// The expiration is at most ten minutes ahead.
    AssertionTenMinutes = "token.assertion.ten_minutes",
        "Remote's assertion guide and published description",
        ["remote.assertion.ten-minutes"];
    /// `iat` and `nbf`, where present, are not in the future.
    AssertionNotBefore = "token.assertion.not_before", "RFC 7523 section 3",
        ["rfc7523.3.nbf"];
    /// The subject has one of the three documented forms.
    AssertionSubjectForm = "token.assertion.subject_form", "Remote's published description",
        ["remote.assertion.sub-manager", "remote.assertion.sub-employee",
        "remote.assertion.sub-older", "remote.assertion.sub-spelling", "rfc7523.3.sub"];
    /// Every scope token is known and valid for the subject's role; the URL style is for consent
    /// only.
    AssertionScope = "token.assertion.scope", "Remote's published description and skill",
        ["remote.scope.assertion-style"];
    /// The subject is an active user of a company that the client manages.
    AssertionSubjectManaged = "token.assertion.subject_managed", "observed by Remote's own tools",
        ["remote.assertion.managed-subject"];
    /// A good assertion gives an access token for its subject and no refresh token.
    AssertionIssued = "token.assertion.issued", "Remote's skill",
        ["remote.assertion.no-refresh-token", "rfc7523.4.no-refresh-token"];

    /// A platform request has one bearer token in its header.
    BearerPresent = "platform.bearer.present",
        "RFC 6750 section 2.1; Remote's published description, 401",
        ["remote.api.token-needed", "remote.api.bearer-header"];
    /// The token was issued here and not revoked.
    BearerKnown = "platform.bearer.known", "Remote's published description, 401",
        ["remote.api.unauthorized-body", "rfc6750.3.1.invalid-token-401"];
    /// A token works only on the gateway that issued it.
    BearerGateway = "platform.bearer.gateway", "Remote's skill: environment-bound",
        ["remote.environment.token-bound", "remote.environment.mismatch-401", "rfc6750.5.3.scoped"];
    /// An access token lives for an hour.
    BearerUnexpired = "platform.bearer.unexpired", "Remote's guide and skill",
        ["remote.token.hour", "rfc6750.3.1.invalid-token-401"];
    /// The kind of token may use the operation.
    PlatformPrincipal = "platform.principal.allowed", "Remote's published description, 403",
        ["remote.api.check-by-kind", "remote.api.employee-only-own", "remote.customer.not-partner"];
    /// A partner's own token sees no company's data.
    PlatformCompanyVisible = "platform.company.visible", "observed by Remote's own tools, 404",
        ["remote.api.partner-sees-no-company"];
    /// The token has a scope that the operation accepts.
    PlatformScope = "platform.scope.granted", "Remote's published description, 403",
        ["remote.error.rest-403", "remote.scope.any-suffices",
        "rfc6750.3.1.insufficient-scope-403"];
    /// `page` and `page_size` are positive numbers, and a page has at most 100 entries.
    PlatformPaging = "platform.paging.valid", "Remote's published description, 422",
        ["remote.api.paging"];
    /// A query is well encoded and names no parameter twice.
    PlatformQuery = "platform.query.well_formed", "Remote's published description, 400",
        ["remote.api.query"];
    /// A body is a JSON object and says so.
    PlatformJson = "platform.body.json", "Remote's skill: writes add `Content-Type`",
        ["remote.api.writes-are-json"];
    /// A good request to read is answered.
    PlatformServed = "platform.request.served", "Remote's published description",
        ["remote.api.identity"];

    /// `action` names known actions, separated by commas, and `async` is true or false.
    CompanyQueryKnown = "companies.query.known", "Remote's published description and guide",
        ["remote.company.query"];
    /// The scope of a company's token has only names listed for its consent.
    CompanyTokenScope = "companies.token.scope",
        "Remote's published description, authorizationCode scopes",
        ["remote.error.invalid-scope"];
    /// A new company comes with the six fields that it cannot be without.
    CompanyFieldsPresent = "companies.fields.present", "Remote's published description, 422",
        ["remote.company.fields"];
    /// Country, currency, email address and time have their documented forms.
    CompanyFieldsValid = "companies.fields.valid", "Remote's published description, 422",
        ["remote.company.fields"];
    /// The terms of service were accepted within the previous fifteen minutes.
    CompanyTermsRecent = "companies.terms.recent", "Remote's published description",
        ["remote.company.terms-recent"];
    /// No other company on this gateway has the name.
    CompanyNameNew = "companies.name.new",
        "Remote's published description, 409; which member has to differ is ours",
        ["remote.company.name-conflict"];
    /// A good request creates a company, with tokens for it where they were asked for.
    CompanyCreated = "companies.created", "Remote's published description and skill",
        ["remote.company.shortcut", "remote.company.shortcut-answer"];
    /// Tokens are made only for a company that the client manages.
    CreateTokenManaged = "companies.create_token.managed", "Remote's published description, 404",
        ["remote.company.create-token"];
    /// A good request gives an access token and a refresh token for a company.
    CreateTokenIssued = "companies.create_token.issued", "Remote's published description",
        ["remote.company.create-token", "remote.refresh.two-sources"];

    /// A magic link is for exactly one of `user_id` and `employment_id`, with nothing but `path`
    /// beside it.
    MagicLinkPerson = "magic_link.person.one", "Remote's published description, 422",
        ["remote.magic-link.one-person"];
    /// The path of a magic link has the documented form and at most 2000 characters.
    MagicLinkPath = "magic_link.path.valid", "Remote's published description, 422",
        ["remote.magic-link.path"];
    /// The person of a magic link is an active user of the token's company.
    MagicLinkPersonKnown = "magic_link.person.known", "Remote's published description, 422",
        ["remote.magic-link.person-known"];
    /// A good request gives the address of a magic link.
    MagicLinkMade = "magic_link.made", "Remote's published description",
        ["remote.magic-link.answer"];
    /// A magic link opens once, on the gateway that made it.
    MagicLinkOnce = "magic_link.once", "own rule: Remote states neither life nor use of a link", [];
    /// A magic link opens a page that says who would be signed in.
    MagicLinkOpened = "magic_link.opened", "own rule", [];

    /// A webhook callback has no members but `url` and what it subscribes to.
    WebhookFields = "webhook.fields.known", "Remote's published description, 422",
        ["remote.webhook.fields"];
    /// A webhook callback leads to a loopback address.
    WebhookUrl = "webhook.url.loopback", "own safety rule", [];
    /// A webhook callback names events or asks for all of them, and not both.
    WebhookEvents = "webhook.events.named", "Remote's published description, 422",
        ["remote.webhook.events"];
    /// A good callback is registered, and its signing key is shown this once.
    WebhookCreated = "webhook.created", "Remote's published description and webhook guide",
        ["remote.webhook.key-once"];
    /// A webhook callback is deleted only by the client or customer that registered it.
    WebhookKnown = "webhook.known", "Remote's published description, 404",
        ["remote.webhook.deletion"];
    /// A good request deletes a webhook callback.
    WebhookDeleted = "webhook.deleted", "Remote's published description",
        ["remote.webhook.deletion"];

    /// A token request to the second provider is a JSON object and says so.
    GogoxJsonOnly = "gogox.request.json_only", "GOGOX's guide; the refusal is inferred",
        ["gogox-guide.token.json-body"];
    /// A token request to the second provider authenticates in the body and nowhere else.
    GogoxOneMethod = "gogox.client.one_method",
        "GOGOX's guide; RFC 6749 section 2.3; the refusal is inferred",
        ["gogox-guide.token.no-basic"];
    /// A token request to the second provider has its three members as text.
    GogoxMembersPresent = "gogox.members.present", "GOGOX's guide; the refusal is inferred",
        ["gogox-guide.token.json-body"];
    /// The second provider knows client credentials only.
    GogoxGrantType = "gogox.grant_type.known", "GOGOX's guide; the refusal is inferred",
        ["gogox-guide.token.client-credentials-only"];
    /// Client id and secret are those of the second provider's client.
    GogoxClientRight = "gogox.client.right", "GOGOX's guide; the refusal is inferred",
        ["gogox-guide.token.json-body"];
    /// A good token request to the second provider gives a token for two hours.
    GogoxTokenIssued = "gogox.token.issued", "GOGOX's guide; a public client",
        ["gogox-guide.token.answer"];
    /// A request to the second provider's resource has one bearer token in its header.
    GogoxBearerPresent = "gogox.bearer.present", "RFC 6750 section 2.1",
        ["gogox-guide.api.bearer"];
    /// The second provider's token was issued here.
    GogoxBearerKnown = "gogox.bearer.known", "RFC 6750 section 3.1", ["gogox-guide.api.bearer"];
    /// The second provider's token lives for two hours.
    GogoxBearerUnexpired = "gogox.bearer.unexpired", "a public client; RFC 6750 section 3.1",
        ["gogox-guide.token.again"];
    /// A good request to the second provider's resource is answered.
    GogoxServed = "gogox.request.served", "own rule: the body is invented", [];

    standing:

    /// An answer that may hold a secret is stored nowhere, and says so.
    AnswerNotStored = "http.answer.not_stored", "RFC 6749 section 5.1",
        ["rfc6749.5.1.no-store"];
    /// A page is framed by nobody and runs nothing.
    PageNotFramed = "http.page.not_framed",
        "RFC 6749 section 10.13; RFC 9700 section 4.16",
        ["rfc6749.10.13.clickjacking", "rfc9700.4.16.clickjacking"];
    /// A state is sent back as it came, with a code and with an error.
    AuthorizeStateEchoed = "authorize.state.echoed",
        "Remote's authorization code guide; RFC 6749 section 4.1.2",
        ["rfc6749.4.1.2.state-echoed"];
    /// A fault is reported by redirect once client and redirection URI are known to be good.
    AuthorizeFaultRedirected = "authorize.fault.redirected", "RFC 6749 section 4.1.2.1",
        ["rfc6749.4.1.2.1.error-by-redirect"];
    /// A consent form is answered with 303, so that the browser does not send it on.
    AuthorizeSeeOther = "authorize.redirect.see_other", "RFC 9700 section 4.12",
        ["rfc9700.4.12.no-307"];
    /// A code cannot be guessed.
    CodeUnguessable = "token.code.unguessable", "RFC 6749 section 10.10",
        ["rfc6749.10.10.token-entropy"];
    /// An access token cannot be guessed.
    TokenUnguessable = "token.access_token.unguessable", "RFC 6749 section 10.10",
        ["rfc6749.10.10.token-entropy"];
    /// A token answer says that the token is a bearer token.
    TokenTypeStated = "token.answer.type_stated",
        "Remote's guide and skill; RFC 6749 section 5.1",
        ["remote.answer.members", "remote.answer.token-type"];
    /// A token answer says for how many seconds the token lives.
    TokenLifeStated = "token.answer.life_stated",
        "Remote's guide and skill; RFC 6749 section 5.1",
        ["remote.answer.members", "remote.answer.expires-in"];
    /// A client whose authentication fails is told with 401 how to authenticate.
    TokenClientChallenged = "token.client.challenged", "RFC 6749 section 5.2",
        ["rfc6749.5.2.invalid-client-challenge"];
    /// A code that is sent a second time takes back what it gave the first time.
    CodeReuseRevokes = "token.code.reuse_revokes", "RFC 6749 section 4.1.2",
        ["rfc6749.4.1.2.code-reuse-revokes"];
    /// A refresh answers with the refresh token that was sent.
    RefreshTokenRepeated = "token.refresh.repeated", "Remote's refresh guide and skill",
        ["remote.refresh.not-rotated"];
    /// A bearer token that is missing or refused is answered with a challenge.
    BearerChallenged = "platform.bearer.challenged", "RFC 6750 section 3",
        ["rfc6750.3.challenge"];
    /// An answer to an authenticated request carries the three rate-limit headers.
    RateStated = "rate.headers.stated", "Remote's rate-limit guide for partners",
        ["remote.rate.headers"];
    /// A delivery is signed with the callback's key over its body and its timestamp.
    WebhookSigned = "webhook.delivery.signed", "Remote's webhook guide",
        ["remote.webhook.signature"];
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_sentences_are_whole() {
        for (place, rule) in Rule::ALL.iter().enumerate() {
            assert!(
                Rule::ALL[..place]
                    .iter()
                    .all(|other| other.id() != rule.id()),
                "{rule}"
            );
            assert!(
                rule.sentence().ends_with('.'),
                "{rule}: {}",
                rule.sentence()
            );
            assert!(!rule.source().is_empty(), "{rule}");
        }
    }
}
