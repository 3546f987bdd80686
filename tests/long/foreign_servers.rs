//! The core against authorization servers that are not ours: every flow that they have, and what they refuse.
//!
//! Two are strict and one believes whatever it is sent. What each answers stands in one table; where a server does
//! less than a document demands, the requirement's note says so.

use remote_auth::danger::Weakening;
use remote_auth::{
    CachedTokenSource, Client, ClientBuilder, CompanyGrant, ConsentScope, CustomEnvironment, Error,
    PendingAuthorization, RefreshToken,
};
use remote_auth_tests::browser;
use remote_auth_tests::foreign::Foreign;
use remote_auth_tests::witness::{CLIENT, REDIRECT_URI, Witness};
use url::Url;

/// A list of packages is installed by one test only.
const BELOW: &str = env!("CARGO_TARGET_TMPDIR");

/// Who is asked.
#[derive(Clone, Copy, Debug)]
enum Server {
    OidcProvider,
    Authlib,
    /// Believes whatever it is sent, a wrong code verifier excepted.
    Oauth2Mock,
}

/// What is asked of a server.
#[derive(Clone, Copy, Debug)]
enum Case {
    /// A token for the client itself, with credentials that form-encoding changes.
    ClientCredentials,
    WrongSecret,
    UnknownClient,
    /// Consent, and the code that comes of it.
    Code,
    /// Consent where the environment demands `iss`, which is the gateway.
    IssuerDemanded,
    /// Consent where the issuer is said to be somebody else.
    OtherIssuer,
    /// Consent without PKCE.
    NoPkce,
    OtherRedirectUri,
    InventedCode,
    /// The code of one login in the callback of another.
    InjectedCode,
    /// Two refreshes, the second with what came of the first.
    Refresh,
    /// The first refresh token again, after it was replaced and its successor used.
    ReplacedRefreshToken,
    InventedRefreshToken,
}

/// What comes of a case: nothing amiss, an error of this code, or a page with this status.
type Verdict = Result<(), &'static str>;

const OK: Verdict = Ok(());
const CLIENT_REFUSED: Verdict = Err("refused.invalid_client");
const GRANT_REFUSED: Verdict = Err("refused.invalid_grant");
const OTHER_ISSUER: Verdict = Err("mismatched.issuer");
const PAGE: Verdict = Err("page 400");
const REQUEST_REFUSED: Verdict = Err("refused.invalid_request");

/// What each server makes of each case, in the order of [`Server`].
const CASES: [(Case, [Verdict; 3]); 13] = [
    (Case::ClientCredentials, [OK, OK, OK]),
    (Case::WrongSecret, [CLIENT_REFUSED, CLIENT_REFUSED, OK]),
    (Case::UnknownClient, [CLIENT_REFUSED, CLIENT_REFUSED, OK]),
    (Case::Code, [OK, OK, OK]),
    (Case::IssuerDemanded, [OK, OK, OTHER_ISSUER]),
    (
        Case::OtherIssuer,
        [OTHER_ISSUER, OTHER_ISSUER, OTHER_ISSUER],
    ),
    (Case::NoPkce, [REQUEST_REFUSED, OK, OK]),
    (Case::OtherRedirectUri, [PAGE, PAGE, OK]),
    (
        Case::InventedCode,
        [GRANT_REFUSED, GRANT_REFUSED, REQUEST_REFUSED],
    ),
    (
        Case::InjectedCode,
        [GRANT_REFUSED, GRANT_REFUSED, REQUEST_REFUSED],
    ),
    (Case::Refresh, [OK, OK, OK]),
    (
        Case::ReplacedRefreshToken,
        [GRANT_REFUSED, GRANT_REFUSED, OK],
    ),
    (
        Case::InventedRefreshToken,
        [GRANT_REFUSED, GRANT_REFUSED, OK],
    ),
];

// Requirement: rfc6749.2.3.1.form-encoded, rfc6749.6.new-replaces-old, rfc7636.4.5.verifier-sent
// Requirement: rfc9207.2.4.compared, rfc9207.2.4.required
#[tokio::test(flavor = "multi_thread")]
async fn node_oidc_provider_and_oauth2_mock_server_answer_as_the_table_says() {
    if let Some(node) = Foreign::node(BELOW).await {
        answers(&node, Server::OidcProvider).await;
        answers(&node, Server::Oauth2Mock).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_answers_as_the_table_says() {
    if let Some(python) = Foreign::python("servers", BELOW).await {
        answers(&python, Server::Authlib).await;
    }
}

async fn answers(foreign: &Foreign, server: Server) {
    let program = match server {
        Server::OidcProvider => "oidc_provider.mjs",
        Server::Authlib => "authlib_server.py",
        Server::Oauth2Mock => "oauth2_mock_server.mjs",
    };
    let witness = Witness::start(foreign, program).await;
    let mut different = Vec::new();
    for (case, verdicts) in CASES {
        let found = asked(case, witness.gateway()).await;
        if found != verdicts[server as usize].map_err(str::to_owned) {
            different.push((case, found));
        }
    }
    assert!(different.is_empty(), "{program}: {different:#?}");
}

/// Asks, and returns the code of the error that it came to, or the page that a browser was left with.
async fn asked(case: Case, gateway: &str) -> Result<(), String> {
    let environment = || CustomEnvironment::new(gateway).expect("loopback");
    let client = |id: &str, secret: &str| built(Client::builder(environment().into()), id, secret);
    let ours = client(CLIENT.0, CLIENT.1);
    match case {
        Case::ClientCredentials => for_itself(&ours).await,
        Case::WrongSecret => for_itself(&client(CLIENT.0, "odd secret")).await,
        Case::UnknownClient => for_itself(&client("odd client", CLIENT.1)).await,
        Case::Code => consented(&ours).await.map(drop),
        Case::IssuerDemanded => named(environment().with_issuer(gateway)).await,
        Case::OtherIssuer => named(environment().with_issuer("https://as.example")).await,
        Case::NoPkce => {
            let builder = Client::builder(environment().into()).weaken(Weakening::NoPkce);
            consented(&built(builder, CLIENT.0, CLIENT.1))
                .await
                .map(drop)
        }
        Case::OtherRedirectUri => {
            let other = format!("{REDIRECT_URI}/other");
            let (address, _) = asks(&ours, &other);
            called_back(&address, &other).await.map(drop)
        }
        Case::InventedCode => {
            let (address, pending) = asks(&ours, REDIRECT_URI);
            redeemed(
                &ours,
                pending,
                &browser::callback(&address, "code=invented"),
            )
            .await
            .map(drop)
        }
        Case::InjectedCode => {
            let (theirs, _) = asks(&ours, REDIRECT_URI);
            let callback = called_back(&theirs, REDIRECT_URI).await?;
            let callback = Url::parse(&callback).expect("an address");
            let code = format!("code={}", browser::parameter(&callback, "code"));
            let (address, pending) = asks(&ours, REDIRECT_URI);
            redeemed(&ours, pending, &browser::callback(&address, &code))
                .await
                .map(drop)
        }
        Case::Refresh => refreshed(&ours).await.map(drop),
        Case::ReplacedRefreshToken => renewed(&ours, refreshed(&ours).await?).await,
        Case::InventedRefreshToken => renewed(&ours, "invented".into()).await,
    }
}

fn built(builder: ClientBuilder, id: &str, secret: &str) -> Client {
    let client = builder.credentials(id, secret).build();
    client.expect("credentials that can be sent")
}

async fn for_itself(client: &Client) -> Result<(), String> {
    let token = client.client_credentials().token().await;
    token.map(drop).map_err(code)
}

/// Gets consent from a server of that name.
async fn named(environment: CustomEnvironment) -> Result<(), String> {
    let client = built(Client::builder(environment.into()), CLIENT.0, CLIENT.1);
    consented(&client).await.map(drop)
}

fn asks(client: &Client, redirect_uri: &str) -> (Url, PendingAuthorization) {
    let request = client.authorization(redirect_uri);
    let request = request.scope(ConsentScope::COMPANY_MANAGE);
    request.begin().expect("a request")
}

async fn called_back(address: &Url, redirect_uri: &str) -> Result<String, String> {
    let way = browser::follow(address, redirect_uri).await;
    way.map_err(|status| format!("page {status}"))
}

async fn redeemed(
    client: &Client,
    pending: PendingAuthorization,
    callback: &str,
) -> Result<CompanyGrant, String> {
    let accepted = pending.accept(callback).map_err(code)?;
    client.redeem(accepted).await.map_err(code)
}

async fn consented(client: &Client) -> Result<CompanyGrant, String> {
    let (address, pending) = asks(client, REDIRECT_URI);
    let callback = called_back(&address, REDIRECT_URI).await?;
    redeemed(client, pending, &callback).await
}

/// Refreshes twice, holds each refresh token to be a new one, and returns the first.
async fn refreshed(client: &Client) -> Result<RefreshToken, String> {
    let grant = consented(client).await?;
    let mut newest = grant.refresh_token().expect("a refresh token").clone();
    let mut tokens = vec![newest.clone()];
    for _ in 0..2 {
        let company = kept(client, newest)?;
        company.token().await.map_err(code)?;
        newest = company.refresh_token().expect("a refresh token");
        tokens.push(newest.clone());
    }
    let kept = tokens.windows(2).any(|pair| pair[0].same_as(&pair[1]));
    assert!(!kept, "the server replaces its refresh tokens");
    Ok(tokens.swap_remove(0))
}

/// Makes the source of a company from what was kept of its consent.
fn kept(client: &Client, refresh_token: RefreshToken) -> Result<CachedTokenSource, String> {
    let environment = client.environment().clone();
    let grant = CompanyGrant::restore(environment, client.client_id().clone(), refresh_token);
    Ok(client.company(grant.map_err(code)?))
}

async fn renewed(client: &Client, refresh_token: RefreshToken) -> Result<(), String> {
    let company = kept(client, refresh_token)?;
    company.token().await.map(drop).map_err(code)
}

fn code(error: Error) -> String {
    error.code().to_owned()
}
