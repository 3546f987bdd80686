//! Which check catches which broken rule, and what else that break does to the checks. Read it row by row in a review.

use std::time::Duration;

use remote_auth_conformance::judge::server::Promise;
use remote_auth_sandbox::Rule;

/// A server that keeps what Remote documents, and what it says of itself beyond that.
pub(crate) struct Subject {
    pub(crate) promises: &'static [Promise],
    /// The checks that do not apply to it.
    pub(crate) skipped: &'static [&'static str],
}

/// As Remote's documents describe it.
const DOCUMENTED: Subject = Subject {
    promises: &[],
    skipped: &[
        "server.authorize.pkce-required",
        "server.refresh.ends",
        "server.refresh.reuse-revokes",
        "server.refresh.rotated",
        "server.refresh.single-use",
    ],
};

/// Demands PKCE, and gives a new refresh token with every refresh.
const ROTATING: Subject = Subject {
    promises: &[Promise::Pkce, Promise::Rotation],
    skipped: &["server.refresh.ends", "server.refresh.not-rotated"],
};

/// Lets its refresh tokens end.
const ENDING: Subject = Subject {
    promises: &[Promise::RefreshTokenLife(Duration::from_secs(86_400))],
    skipped: &[
        "server.authorize.pkce-required",
        "server.refresh.reuse-revokes",
        "server.refresh.rotated",
        "server.refresh.single-use",
    ],
};

/// Every server that is broken here in one rule or another.
pub(crate) const SUBJECTS: [Subject; 3] = [DOCUMENTED, ROTATING, ENDING];

/// Returns the server that is broken in a rule: one with the rule's switch on, if it has one.
pub(crate) fn subject(rule: Rule) -> Subject {
    match rule {
        Rule::AuthorizePkceRequired | Rule::RefreshSingleUse | Rule::RefreshRotated => ROTATING,
        Rule::RefreshUnexpired => ENDING,
        _ => DOCUMENTED,
    }
}

/// What is known of one rule.
pub(crate) enum Row {
    /// A sandbox broken in this rule is caught.
    Caught(Caught),
    /// No black-box check can or should see it.
    LeftOut(&'static str),
}

/// What a broken rule does to the checks.
pub(crate) struct Caught {
    /// The checks of this very rule: each of them fails.
    pub(crate) by: &'static [&'static str],
    /// Further checks that fail, because what they ask for hangs on the rule.
    pub(crate) too: &'static [&'static str],
    /// Checks that can no longer be put.
    pub(crate) blinded: &'static [&'static str],
}

macro_rules! rows {
    ($($rule:ident $($word:ident [$($value:literal),* $(,)?])*;)+) => {
        /// Returns the row of a rule.
        pub(crate) fn row(rule: Rule) -> Row {
            match rule {
                $(Rule::$rule => rows!(@row $($word [$($value),*])*),)+
                other => panic!("{other} has no row"),
            }
        }
    };
    (@row left_out [$reason:literal]) => { Row::LeftOut($reason) };
    (@row by [$($by:literal),*] $(too [$($too:literal),*])? $(blinded [$($blinded:literal),*])?) => {
        Row::Caught(Caught {
            by: &[$($by),*],
            too: &[$($($too),*)?],
            blinded: &[$($($blinded),*)?],
        })
    };
}

rows! {
    HostIsLoopback left_out ["the sandbox protects its own machine; a server on the net has a name"];
    BodyIsBounded left_out ["where the bound lies is the sandbox's choice"];
    BodyInTime left_out ["how patient a server is, is its own choice"];
    PathServed left_out ["no document says what a path is that is not served"];
    MethodServed left_out ["no document says how a method is refused that is not served"];
    Scripted left_out ["a script of faults is not a demand"];

    AuthorizeWellFormed by ["server.authorize.well-encoded"];
    AuthorizeClientKnown by ["server.authorize.client-known"];
    AuthorizeRedirectRegistered by ["server.authorize.redirect-uri-registered"];
    AuthorizeParametersOnce by ["server.authorize.no-repeats"];
    AuthorizeResponseType by ["server.authorize.response-type"]
        blinded ["server.authorize.fault-redirected"];
    AuthorizeScopeListed by ["server.authorize.scope-listed"];
    AuthorizePkceS256 by ["server.authorize.pkce-method", "server.authorize.pkce-s256"];
    AuthorizePkceRequired by ["server.authorize.pkce-required"];
    AuthorizeCompanyActive by ["server.ending.no-consent"];
    AuthorizeConsentAsked by ["server.authorize.consent-asked"]
        blinded [
            "server.authorize.denied", "server.authorize.form-once", "server.authorize.not-framed",
            "server.authorize.see-other",
        ];
    AuthorizeTicketOnce by ["server.authorize.form-once"];
    AuthorizeDecisionGiven left_out ["what a form says that decides nothing is between page and server"];
    AuthorizeDenied by ["server.authorize.denied"];
    AuthorizeApproved by ["server.authorize.approved"]
        blinded [
            "server.api.kind-of-token", "server.api.paging", "server.api.scope",
            "server.code.answer", "server.code.client-bound", "server.code.five-minutes",
            "server.code.redirect-uri", "server.code.reuse-revokes", "server.code.single-use",
            "server.code.unguessable", "server.code.verifier", "server.ending.no-consent",
            "server.environment.code-bound", "server.environment.refresh-bound",
            "server.magic-link.made", "server.magic-link.one-person", "server.magic-link.path",
            "server.magic-link.person-known", "server.refresh.client-bound",
            "server.refresh.no-ids", "server.refresh.no-widening", "server.refresh.not-rotated",
            "server.webhook.deleted", "server.webhook.known",
        ];

    TokenOptions by ["server.token.options"];
    TokenFormOnly by ["server.token.form-only"];
    TokenParametersOnce by ["server.token.no-repeats"];
    TokenParametersPresent by ["server.token.parameters-present"];
    TokenGrantTypeKnown by ["server.token.grant-types"];
    TokenClientNotInBody by ["server.client.not-in-body", "server.client.one-method"];
    TokenClientBasic by ["server.client.authenticated"];
    TokenClientRight by ["server.client.secret-right"]
        blinded ["server.client.challenged"];
    TokenClientIdAgrees by ["server.client.id-agrees"];
    RateClient by ["server.rate.client-minute"];
    RateCompany by ["server.rate.company-minute"];

    ClientCredentialsScope by ["server.client-credentials.scope-listed"];
    ClientCredentialsIssued by ["server.client-credentials.no-refresh-token"];

    CodeKnown by ["server.code.known"];
    CodeGateway by ["server.environment.code-bound"];
    CodeClient by ["server.code.client-bound"];
    CodeSingleUse by ["server.code.single-use"]
        blinded ["server.code.reuse-revokes"];
    CodeFiveMinutes by ["server.code.five-minutes"];
    CodeRedirectUri by ["server.code.redirect-uri"];
    CodeVerifier by ["server.code.verifier"];
    CodeRedeemed by ["server.code.answer"];

    RefreshKnown by ["server.refresh.known"];
    RefreshGateway by ["server.environment.refresh-bound"];
    RefreshClient by ["server.refresh.client-bound"];
    RefreshUnexpired by ["server.refresh.ends"];
    RefreshSingleUse by ["server.refresh.single-use", "server.refresh.reuse-revokes"];
    RefreshRotated by ["server.refresh.rotated"]
        blinded ["server.refresh.single-use", "server.refresh.reuse-revokes"];
    RefreshScope by ["server.refresh.no-widening"];
    RefreshIssued by ["server.refresh.no-ids"];

    AssertionWellFormed by ["server.assertion.well-formed"];
    AssertionAlgorithm by ["server.assertion.algorithm"];
    AssertionIssuer by ["server.assertion.issuer"];
    AssertionSignature by ["server.assertion.signature"];
    AssertionAudience by ["server.assertion.audience"];
    AssertionExpiration by ["server.assertion.expiration"];
    AssertionTenMinutes by ["server.assertion.ten-minutes"];
    AssertionNotBefore by ["server.assertion.not-before"];
    AssertionSubjectForm by ["server.assertion.subject-form"];
    AssertionScope by ["server.assertion.scope-style"];
    AssertionSubjectManaged by ["server.assertion.subject-managed"];
    AssertionIssued by ["server.assertion.no-refresh-token"];

    BearerPresent by ["server.bearer.present", "server.bearer.not-in-query"]
        blinded ["server.bearer.challenged"];
    BearerKnown by ["server.bearer.known"]
        too ["server.code.reuse-revokes"];
    BearerGateway by ["server.environment.bearer-bound"];
    BearerUnexpired by ["server.bearer.hour"];
    PlatformPrincipal by ["server.api.kind-of-token", "server.api.employee-only-own"];
    PlatformCompanyVisible by ["server.api.partner-sees-no-company"]
        blinded ["server.webhook.signed"];
    PlatformScope by ["server.api.scope"];
    PlatformPaging by ["server.api.paging"];
    PlatformQuery by ["server.api.query"];
    PlatformJson by ["server.api.json-only"];
    PlatformServed by ["server.api.identity"]
        blinded ["server.ending.no-consent"];

    CompanyQueryKnown by ["server.company.query"];
    CompanyTokenScope by ["server.company.scope-listed"];
    CompanyFieldsPresent by ["server.company.fields-present"];
    CompanyFieldsValid by ["server.company.fields-valid"];
    CompanyTermsRecent by ["server.company.terms-recent"];
    CompanyNameNew by ["server.company.name-conflict"];
    CompanyCreated by ["server.company.created"];
    CreateTokenManaged by ["server.company.token-managed"];
    CreateTokenIssued by ["server.company.token-issued"];

    MagicLinkPerson by ["server.magic-link.one-person"];
    MagicLinkPath by ["server.magic-link.path"];
    MagicLinkPersonKnown by ["server.magic-link.person-known"];
    MagicLinkMade by ["server.magic-link.made"];
    MagicLinkOnce left_out ["Remote states neither how long a link lives nor how often it opens"];
    MagicLinkOpened left_out ["no document says what the page shows"];

    WebhookFields by ["server.webhook.fields"];
    WebhookUrl left_out ["the sandbox delivers to its own machine only; a server on the net delivers elsewhere"];
    WebhookEvents by ["server.webhook.events"];
    WebhookCreated by ["server.webhook.key-once"]
        blinded ["server.webhook.signed"];
    WebhookKnown by ["server.webhook.known"];
    WebhookDeleted by ["server.webhook.deleted"];

    GogoxJsonOnly by ["server.gogox.json-only"];
    GogoxOneMethod by ["server.gogox.one-method"];
    GogoxMembersPresent by ["server.gogox.members-present"];
    GogoxGrantType by ["server.gogox.grant-type"];
    GogoxClientRight by ["server.gogox.client-right"];
    GogoxTokenIssued by ["server.gogox.answer"];
    GogoxBearerPresent by ["server.gogox.bearer-present"];
    GogoxBearerKnown by ["server.gogox.bearer-known"];
    GogoxBearerUnexpired by ["server.gogox.bearer-ends"];
    GogoxServed left_out ["the body of the resource is invented"];

    AnswerNotStored by ["server.token.not-stored"];
    PageNotFramed by ["server.authorize.not-framed"];
    AuthorizeStateEchoed by ["server.authorize.state-echoed"];
    AuthorizeFaultRedirected by ["server.authorize.fault-redirected"];
    AuthorizeSeeOther by ["server.authorize.see-other"];
    CodeUnguessable by ["server.code.unguessable"];
    TokenUnguessable by ["server.token.unguessable"];
    TokenTypeStated by ["server.token.type-stated"];
    TokenLifeStated by ["server.token.life-stated"];
    TokenClientChallenged by ["server.client.challenged"];
    CodeReuseRevokes by ["server.code.reuse-revokes"];
    RefreshTokenRepeated by ["server.refresh.not-rotated"];
    BearerChallenged by ["server.bearer.challenged"];
    RateStated by ["server.rate.headers"];
    WebhookSigned by ["server.webhook.signed"];
}
