//! What a sandbox does in place of each rule, one row per rule.
//!
//! A row with a [`Change`] is about answers, which are changed on their way out; every other is a
//! decision that the rule's own place in the code takes.
//! The rows become a `match`, so a rule without a broken form does not compile.

use super::defect::Change::{
    self, Status, StatusFrom, WithMember, Without, WithoutBody, WithoutChallenge, WithoutMember,
    WithoutParameter,
};
use crate::rule::Rule;

/// How one rule is broken.
pub(super) struct Form {
    pub(super) sentence: &'static str,
    pub(super) change: Option<Change>,
}

macro_rules! forms {
    ($($name:ident: $sentence:literal $(, $change:expr)?;)+) => {
        pub(super) const fn form(rule: Rule) -> Form {
            match rule {
                $(Rule::$name => forms!(@form $sentence $(, $change)?),)+
            }
        }
    };
    (@form $sentence:literal) => { Form { sentence: $sentence, change: None } };
    (@form $sentence:literal, $change:expr) => {
        Form { sentence: $sentence, change: Some($change) }
    };
}

forms! {
    Scripted: "A scripted fault is spent and does not happen.";

    HostIsLoopback: "A request is served whatever host it names.";
    BodyIsBounded: "A body of up to 1 MiB is read.";
    BodyInTime: "A body may take a minute to arrive.";
    PathServed: "A path that is not served is answered with 200.", Status(200);
    MethodServed: "A method that is not served is answered with 200.", Status(200);

    AuthorizeWellFormed:
        "A query of any length is read, and what cannot be decoded is passed over.";
    AuthorizeClientKnown: "An unknown client is taken for the demo client.";
    AuthorizeRedirectRegistered: "Any absolute redirection URI is accepted.";
    AuthorizeParametersOnce: "Of a parameter that is sent twice, the first value counts.";
    AuthorizeResponseType: "Any response type is taken for `code`.";
    AuthorizeScopeListed: "A scope that names what is not listed is taken for the default scope.";
    AuthorizePkceS256: "A challenge of another method is passed over.";
    AuthorizePkceRequired: "A request without a challenge is good where one is demanded.";
    AuthorizeCompanyActive: "An archived company consents as any other.";
    AuthorizeConsentAsked: "Nobody is asked: a good authorization request is approved at once.";
    AuthorizeTicketOnce:
        "A consent form works on every gateway, as often and as late as it is sent.";
    AuthorizeDecisionGiven: "A consent form that decides nothing approves.";
    AuthorizeDenied: "A denied consent gives a code all the same.";
    AuthorizeApproved: "An approved consent leads back without a code.", WithoutParameter("code");

    TokenOptions: "The answer to `OPTIONS` does not say what is allowed.", Without(&["allow"]);
    TokenFormOnly: "A body of any media type is read as a form, and what cannot be decoded is \
        passed over.";
    TokenParametersOnce: "Of a parameter that is sent twice in a body, the first value counts.";
    TokenParametersPresent: "A missing parameter counts as an empty one.";
    TokenGrantTypeKnown: "An unknown grant type is taken for `client_credentials`.";
    TokenClientNotInBody: "Client credentials in the body authenticate as those in the header do.";
    TokenClientBasic: "A request without client authentication is taken for the demo client's.";
    TokenClientRight:
        "The secret is not compared, and an unknown id is taken for the demo client's.";
    TokenClientIdAgrees: "A `client_id` in the body may name any client.";
    RateClient: "One client makes as many requests in a minute as it likes.";
    RateCompany: "One company makes as many requests in a minute as it likes.";

    ClientCredentialsScope:
        "A client credentials scope that is not listed is taken for the default.";
    ClientCredentialsIssued: "The client itself gets a refresh token too, which nobody knows.",
        WithMember("refresh_token", "broken-on-purpose");

    CodeKnown: "An unknown code is taken for one that the demo company consented to.";
    CodeGateway: "A code works on every gateway.";
    CodeClient: "A code works for every client.";
    CodeSingleUse: "A code is redeemed as often as it is sent.";
    CodeFiveMinutes: "A code lives for ever.";
    CodeRedirectUri: "A redirection URI sent with a code may be any.";
    CodeVerifier: "A code verifier may be any or none.";
    CodeRedeemed: "A good code gives its tokens without naming the company.",
        WithoutMember("/company_id");

    RefreshKnown: "An unknown refresh token is taken for one of the demo company.";
    RefreshGateway: "A refresh token works on every gateway.";
    RefreshClient: "A refresh token works for every client.";
    RefreshUnexpired: "A refresh token lives for ever, even where the switch lets it expire.";
    RefreshSingleUse: "A refresh token works as often as it is sent, even where they rotate.";
    RefreshScope: "A refresh gives any listed scope, and the granted one for any other.";
    RefreshIssued: "A refresh names the company, as a redemption does.",
        WithMember("company_id", "broken-on-purpose");
    RefreshRotated: "Where refresh tokens rotate, a refresh gives no refresh token.",
        WithoutMember("/refresh_token");

    AssertionWellFormed: "What follows the three parts of an assertion is passed over.";
    AssertionAlgorithm: "The header of an assertion may be critical, and where it names another \
        algorithm than HS256, or none, any signature or none will do.";
    AssertionIssuer: "The issuer of an assertion may be anybody or nobody.";
    AssertionSignature: "An assertion may have any signature.";
    AssertionAudience: "An assertion may be for any audience.";
    AssertionExpiration: "An assertion never expires.";
    AssertionTenMinutes: "An assertion may live for any time.";
    AssertionNotBefore: "An assertion may be of the future.";
    AssertionSubjectForm: "A subject of another form is taken for the demo company's manager.";
    AssertionScope: "An assertion's scope that is not valid is taken for all that its role allows.";
    AssertionSubjectManaged: "A subject that is unmanaged or inactive is taken for the one of the \
        demo company.";
    AssertionIssued: "An assertion gives a refresh token too, and nobody knows it.",
        WithMember("refresh_token", "broken-on-purpose");

    BearerPresent: "A request without a bearer token is taken for the demo client's own.";
    BearerKnown: "An unknown bearer token is taken for one of the demo client itself.";
    BearerGateway: "A bearer token works on every gateway.";
    BearerUnexpired: "An access token lives for ever.";
    PlatformPrincipal: "Every kind of token may use every operation that has an answer for it.";
    PlatformCompanyVisible: "A partner's own token sees the demo company, and any company id is \
        taken for the token's company.";
    PlatformScope: "A token may use an operation whatever its scope.";
    PlatformPaging: "A page that cannot be is taken for the first, with any number of entries.";
    PlatformQuery: "What cannot be decoded in a query is passed over, and of a parameter that is \
        sent twice, the first value counts.";
    PlatformJson:
        "A body of any media type is read, and one that is no JSON object counts as empty.";
    PlatformServed: "A good request to read is answered without data.", WithoutMember("/data");

    CompanyQueryKnown: "Unknown actions are passed over, and `async` may be anything.";
    CompanyTokenScope:
        "The scope of a company's token that is not listed is taken for the default.";
    CompanyFieldsPresent: "A missing field of a company counts as an empty text.";
    CompanyFieldsValid: "The fields of a company may have any form.";
    CompanyTermsRecent: "The terms of service may have been accepted at any time.";
    CompanyNameNew: "Two companies may have one name.";
    CompanyCreated: "A company's creation is answered with 200.", Status(200);
    CreateTokenManaged: "Tokens are made for the unmanaged company too.";
    CreateTokenIssued: "Tokens for a company come without a refresh token.",
        WithoutMember("/refresh_token");

    MagicLinkPerson: "A magic link may be for both persons, which is for the user, and for none, \
        which is for the company's manager.";
    MagicLinkPath: "A magic link may lead to any path.";
    MagicLinkPersonKnown: "A magic link for an unknown person is for the company's manager.";
    MagicLinkMade: "A magic link is made and not shown.", WithoutMember("/data/url");
    MagicLinkOnce: "A magic link opens on every gateway, as often as it is asked for.";
    MagicLinkOpened: "A magic link opens an empty page.", WithoutBody;

    WebhookFields: "A webhook callback may have members of any name.";
    WebhookUrl: "A webhook callback may lead anywhere, and where that is not loopback, nothing is \
        delivered.";
    WebhookEvents: "A webhook callback that names no good events is told of all.";
    WebhookCreated: "A new webhook callback's signing key is not shown.",
        WithoutMember("/data/webhook_callback/signing_key");
    WebhookKnown: "A webhook callback that is another's or unknown is said to be deleted.";
    WebhookDeleted: "The deletion of a webhook callback is answered with 201.", Status(201);

    GogoxJsonOnly: "A body of any media type is read as JSON, and one that is no object counts as \
        empty.";
    GogoxOneMethod: "An `Authorization` header beside the body is passed over.";
    GogoxMembersPresent: "A missing member counts as an empty text.";
    GogoxGrantType: "Any grant type is taken for client credentials.";
    GogoxClientRight: "The second provider's token is given to everybody.";
    GogoxTokenIssued: "The second provider's token comes without its time of creation.",
        WithoutMember("/created_at");
    GogoxBearerPresent: "The second provider's resource is open to whoever brings no token.";
    GogoxBearerKnown: "The second provider's resource is open with any token.";
    GogoxBearerUnexpired: "The second provider's token lives for ever.";
    GogoxServed: "The second provider's resource is answered without orders.",
        WithoutMember("/orders");

    AnswerNotStored: "No answer says that it may not be stored.",
        Without(&["cache-control", "pragma"]);
    PageNotFramed: "A page may be framed, and run what it likes.",
        Without(&["content-security-policy", "x-frame-options"]);
    AuthorizeStateEchoed: "A state is not sent back.", WithoutParameter("state");
    AuthorizeFaultRedirected: "Every fault of an authorization request is shown on a page.";
    AuthorizeSeeOther: "A consent form is answered with 307, so that the browser sends it on.",
        StatusFrom(303, 307);
    CodeUnguessable: "Codes are numbers, counted up.";
    TokenUnguessable: "Access tokens are numbers, counted up.";
    TokenTypeStated: "A token answer does not say what type its token is.",
        WithoutMember("/token_type");
    TokenLifeStated: "A token answer does not say how long its token lives.",
        WithoutMember("/expires_in");
    TokenClientChallenged: "A client that is refused is not told how to authenticate.",
        WithoutChallenge("Basic");
    CodeReuseRevokes: "A code that is sent again takes nothing back.";
    RefreshTokenRepeated: "A refresh leaves out the refresh token.";
    BearerChallenged: "A bearer token that is refused comes back without a challenge.",
        WithoutChallenge("Bearer");
    RateStated: "No answer says how many requests are left.",
        Without(&["x-ratelimit-count", "x-ratelimit-remaining", "x-ratelimit-reset"]);
    WebhookSigned: "A delivery carries a signature that no key makes.";
}
