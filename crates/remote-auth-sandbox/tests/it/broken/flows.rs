//! Probes of the authorization endpoint and of the token endpoint.

use std::time::Duration;

use remote_auth_sandbox::{
    Builder, Gateway, Gateway::Sandbox as GATEWAY, RefreshTokens, Rule, Rule::*,
};
use serde_json::{Value, json};

use super::platform::IDENTITY;
use crate::bench::{
    AUTHORIZE, Ask, Bench, CALLBACK, JWT_BEARER, OTHER_CLIENT, TOKEN, encoded, open, signed, text,
};

const CONSENT: &str = "/auth/oauth2/consent";
const CLIENT_CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");
const REFRESH_TOKEN_LIFE: Duration = Duration::from_secs(60);
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Sets the switches that the probe of a rule needs.
pub(super) fn switched(rule: Rule, builder: Builder) -> Builder {
    let needs_a_page = matches!(
        rule,
        AuthorizeConsentAsked
            | AuthorizeTicketOnce
            | AuthorizeDecisionGiven
            | AuthorizeDenied
            | AuthorizeSeeOther
            | PageNotFramed
    );
    let refresh_tokens = match rule {
        RefreshUnexpired => RefreshTokens::Expiring(REFRESH_TOKEN_LIFE),
        RefreshSingleUse | RefreshRotated => RefreshTokens::Rotating,
        _ => RefreshTokens::Constant,
    };
    builder
        .auto_approve(!needs_a_page)
        .refresh_tokens(refresh_tokens)
        .require_pkce(rule == AuthorizePkceRequired)
}

/// Opens the consent page and answers it.
async fn decision(bench: &Bench, decision: &str) -> Ask {
    let ask = bench.authorization_request(&[("state", "s")]);
    let page = ask.send(bench.sandbox.gateway_url(GATEWAY)).await;
    Ask::form(
        CONSENT,
        &[("ticket", &page.ticket()), ("decision", decision)],
    )
}

pub(super) async fn authorize(rule: Rule, bench: &Bench) -> Option<Ask> {
    let request = |more: &[(&str, &str)]| bench.authorization_request(more);
    let query = |id: &str, uri: &str, more: &str| {
        let query = encoded(&[("client_id", id), ("redirect_uri", uri)]);
        Ask::get(&format!("{AUTHORIZE}?{query}{more}"))
    };
    let id = bench.sandbox.client_id();
    Some(match rule {
        AuthorizeWellFormed => query(id, CALLBACK, "&x=%zz"),
        AuthorizeClientKnown => query("nobody", CALLBACK, ""),
        AuthorizeRedirectRegistered => query(id, "https://attacker.example/", ""),
        AuthorizeParametersOnce => request(&[("x", "a"), ("x", "b")]),
        AuthorizeResponseType => request(&[("response_type", "token")]),
        AuthorizeScopeListed | AuthorizeFaultRedirected => request(&[("scope", "unlisted")]),
        AuthorizePkceS256 => request(&[
            ("code_challenge", VERIFIER),
            ("code_challenge_method", "plain"),
        ]),
        AuthorizeCompanyActive => {
            let company_id = bench.sandbox.fixture().company_id();
            bench.sandbox.archive(company_id).await.unwrap();
            request(&[])
        }
        AuthorizePkceRequired | AuthorizeConsentAsked | AuthorizeApproved | PageNotFramed => {
            request(&[])
        }
        AuthorizeStateEchoed => request(&[("state", "s")]),
        AuthorizeTicketOnce => {
            let form = decision(bench, "approve").await;
            let first = form.clone().send(bench.sandbox.gateway_url(GATEWAY)).await;
            assert_eq!(first.status, 303);
            form
        }
        AuthorizeDecisionGiven => decision(bench, "perhaps").await,
        AuthorizeDenied => decision(bench, "deny").await,
        AuthorizeSeeOther => decision(bench, "approve").await,
        _ => return None,
    })
}

pub(super) async fn token(rule: Rule, bench: &Bench) -> Option<Ask> {
    let (id, secret) = (bench.sandbox.client_id(), bench.secret.as_str());
    let request = |form: &[(&str, &str)]| bench.token_request(form);
    let good = || request(&[CLIENT_CREDENTIALS]);
    let plain = || Ask::form(TOKEN, &[CLIENT_CREDENTIALS]);
    Some(match rule {
        TokenOptions => Ask::new("OPTIONS", TOKEN),
        TokenFormOnly => good().without("content-type"),
        TokenParametersOnce => request(&[CLIENT_CREDENTIALS, ("x", "a"), ("x", "b")]),
        TokenParametersPresent => request(&[]),
        TokenGrantTypeKnown => request(&[("grant_type", "password")]),
        TokenClientNotInBody => {
            let in_body = [("client_id", id), ("client_secret", secret)];
            Ask::form(TOKEN, &[&[CLIENT_CREDENTIALS], &in_body[..]].concat())
        }
        TokenClientBasic => plain(),
        TokenClientRight => plain().basic(id, "wrong"),
        TokenClientIdAgrees => request(&[CLIENT_CREDENTIALS, ("client_id", OTHER_CLIENT.0)]),
        RateClient => {
            for _ in 0..250 {
                bench.issued(GATEWAY, &[CLIENT_CREDENTIALS]).await;
            }
            good()
        }
        RateCompany => {
            let token = open(bench.sandbox.customer_api_token(GATEWAY));
            let ask = Ask::get(IDENTITY).bearer(token);
            for _ in 0..300 {
                let reply = ask.clone().send(bench.sandbox.gateway_url(GATEWAY)).await;
                assert_eq!(reply.status, 200);
            }
            ask
        }
        ClientCredentialsScope => request(&[CLIENT_CREDENTIALS, ("scope", "unlisted")]),
        ClientCredentialsIssued => good(),
        _ => return None,
    })
}

pub(super) async fn code(rule: Rule, bench: &Bench) -> Option<Ask> {
    let redeem = |code: &str, more: &[(&str, &str)]| {
        let form = [("grant_type", "authorization_code"), ("code", code)];
        bench.token_request(&[&form[..], more].concat())
    };
    let gateway = if rule == CodeGateway {
        Gateway::Production
    } else {
        GATEWAY
    };
    let code = match rule {
        CodeKnown => "invented".to_owned(),
        CodeGateway | CodeClient | CodeSingleUse | CodeFiveMinutes | CodeRedirectUri
        | CodeVerifier | CodeRedeemed | CodeReuseRevokes => bench.code(gateway, &[]).await,
        _ => return None,
    };
    let first = redeem(&code, &[]);
    Some(match rule {
        CodeClient => first
            .without("authorization")
            .basic(OTHER_CLIENT.0, OTHER_CLIENT.1),
        CodeSingleUse | CodeReuseRevokes => {
            let gateway_url = bench.sandbox.gateway_url(GATEWAY);
            let given = first.clone().send(gateway_url).await.json();
            if rule == CodeReuseRevokes {
                first.send(gateway_url).await;
                Ask::get(IDENTITY).bearer(&text(&given, "access_token"))
            } else {
                first
            }
        }
        CodeFiveMinutes => {
            bench.advance_s(300);
            first
        }
        CodeRedirectUri => redeem(&code, &[("redirect_uri", "https://attacker.example/")]),
        CodeVerifier => redeem(&code, &[("code_verifier", VERIFIER)]),
        _ => first,
    })
}

pub(super) async fn refresh(rule: Rule, bench: &Bench) -> Option<Ask> {
    let gateway = match rule {
        RefreshGateway => Gateway::Production,
        RefreshKnown | RefreshClient | RefreshUnexpired | RefreshSingleUse | RefreshScope
        | RefreshIssued | RefreshRotated | RefreshTokenRepeated => GATEWAY,
        _ => return None,
    };
    let given = bench.consented(gateway, &[("scope", "payroll")]).await;
    let refresh_token = match rule {
        RefreshKnown => "invented".to_owned(),
        _ => text(&given, "refresh_token"),
    };
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*refresh_token),
    ];
    let good = bench.token_request(&form);
    Some(match rule {
        RefreshClient => good
            .without("authorization")
            .basic(OTHER_CLIENT.0, OTHER_CLIENT.1),
        RefreshUnexpired => {
            bench.advance_s(REFRESH_TOKEN_LIFE.as_secs());
            good
        }
        RefreshSingleUse => {
            let first = good.clone().send(bench.sandbox.gateway_url(GATEWAY)).await;
            assert_eq!(first.status, 200);
            good
        }
        RefreshScope => bench.token_request(&[&form[..], &[("scope", "invoices")]].concat()),
        _ => good,
    })
}

pub(super) fn assertion(rule: Rule, bench: &Bench) -> Option<Ask> {
    let good = || bench.claims(GATEWAY, &bench.manager());
    let with = |claim: &str, value: Value| {
        let mut claims = good();
        claims[claim] = value;
        bench.assertion(&claims)
    };
    let now = bench.now_s();
    let unmanaged = bench.sandbox.fixture().unmanaged_user_id();
    let assertion = match rule {
        AssertionWellFormed => format!("{}.more", bench.assertion(&good())),
        AssertionAlgorithm => {
            let unsigned = signed(r#"{"alg":"none"}"#, &good().to_string(), "wrong");
            let (unsigned, _) = unsigned.rsplit_once('.')?;
            format!("{unsigned}.")
        }
        AssertionIssuer => with("iss", json!("nobody")),
        AssertionSignature => signed(r#"{"alg":"HS256"}"#, &good().to_string(), "wrong"),
        AssertionAudience => with("aud", json!(bench.sandbox.gateway_url(GATEWAY))),
        AssertionExpiration => with("exp", json!(now)),
        AssertionTenMinutes => with("exp", json!(now + 601)),
        AssertionNotBefore => with("nbf", json!(now + 1)),
        AssertionSubjectForm => with("sub", json!(bench.sandbox.fixture().manager_user_id())),
        AssertionScope => with("scope", json!("https://gateway.remote.com/company.manage")),
        AssertionSubjectManaged => {
            let subject = format!("urn:remote-api:company-manager:user:{unmanaged}");
            bench.assertion(&bench.claims(GATEWAY, &subject))
        }
        AssertionIssued => bench.assertion(&good()),
        _ => return None,
    };
    let form = [("grant_type", JWT_BEARER), ("assertion", &*assertion)];
    Some(Ask::form(TOKEN, &form))
}
