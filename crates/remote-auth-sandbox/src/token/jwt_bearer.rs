//! The assertion grant: a token signed with the client secret becomes an access token for its
//! subject.
//!
//! The assertion is taken apart and checked by hand, so that this crate shares no line with the one
//! that mints it.
//! The order of the rules keeps Remote's two kinds of refusal apart: who is unknown, unmanaged or
//! wrongly signed gets a bare `invalid_grant`, and a claim that is wrong is named.
//! See <https://www.rfc-editor.org/rfc/rfc7523#section-3>.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    clock::Timestamp,
    danger::Rules,
    fixture::Fixture,
    registration::Registration,
    rule::Rule,
    scope::{NotListed, Purpose, Scope},
    state::Principal,
    token::issue_access_token,
    wire::{Issued, OAuthError, Refusal},
    world::Desk,
};

/// How far ahead the expiration may lie.
const EXPIRATION_AHEAD_S_MAX: f64 = 600.0;

/// The forms of `sub`, each with the role that it gives.
const SUBJECT_FORMS: [(&str, Role); 3] = [
    ("urn:remote-api:company-manager:user:", Role::Manager),
    ("urn:remote-api:employee:employment:", Role::Employee),
    ("urn:remote-api:employment:", Role::Employee),
];

/// What observed refusals say for a subject that is no such form, and for a scope that its role has
/// not.
const SUBJECT_OR_SCOPE: &str = "Subject or Scope validation failed";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Manager,
    Employee,
}

impl Role {
    const fn purpose(self) -> Purpose {
        match self {
            Self::Manager => Purpose::Manager,
            Self::Employee => Purpose::Employee,
        }
    }
}

/// An assertion that could be read; nothing of it is believed yet.
pub(super) struct Assertion<'a> {
    signed: &'a [u8],
    signature: Vec<u8>,
    /// Whether the header names the one algorithm that there is.
    names_hs256: bool,
    claims: Claims,
}

/// Members of the header that matter; reading it as a struct refuses repeated ones.
#[derive(Deserialize)]
struct Header {
    alg: String,
    crit: Option<Value>,
}

/// Claims that matter, of any type, so that each rule can name its own.
#[derive(Deserialize)]
struct Claims {
    iss: Option<Value>,
    sub: Option<Value>,
    aud: Option<Value>,
    exp: Option<Value>,
    iat: Option<Value>,
    nbf: Option<Value>,
    scope: Option<Value>,
}

impl<'a> Assertion<'a> {
    pub(super) fn parse(rules: &Rules, text: &'a str) -> Result<Self, Refusal> {
        let malformed = refused(Rule::AssertionWellFormed);
        let parts: Vec<&str> = text.split('.').collect();
        let &[header, claims, signature, ref more @ ..] = parts.as_slice() else {
            return Err(malformed);
        };
        rules
            .demand(Rule::AssertionWellFormed, more.is_empty())
            .map_err(refused)?;
        let signed = &text.as_bytes()[..header.len() + 1 + claims.len()];
        let (header, claims): (Header, Claims) =
            object(header).zip(object(claims)).ok_or(malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed)?;
        // The algorithm is the server's choice; the header may only agree.
        let names_hs256 = header.alg == "HS256";
        rules
            .demand(
                Rule::AssertionAlgorithm,
                names_hs256 && header.crit.is_none(),
            )
            .map_err(refused)?;
        Ok(Self {
            signed,
            signature,
            names_hs256,
            claims,
        })
    }
}

/// Finds the client whose assertion this is, and verifies its signature.
///
/// A Basic header, where there is one, decides who the client is; otherwise the issuer does.
pub(super) fn client<'a>(
    desk: &Desk<'a>,
    basic: Option<&'a Registration>,
    assertion: &Assertion<'_>,
) -> Result<&'a Registration, Refusal> {
    let wrong_issuer = because("Invalid issuer");
    let world = desk.world;
    let rules = &world.rules;
    let issuer = text(&assertion.claims.iss);
    let issuer = rules
        .find(Rule::AssertionIssuer, issuer, || Some(""))
        .map_err(wrong_issuer)?;
    let client = basic.or_else(|| world.client(issuer));
    let client = rules
        .find(Rule::AssertionIssuer, client, || {
            world.registrations.first()
        })
        .map_err(wrong_issuer)?;
    let (signed, signature) = (assertion.signed, &assertion.signature);
    // Another algorithm comes this far only where its rule is broken: in a server that lets the
    // header say that nothing is to be verified.
    let is_signed = !assertion.names_hs256 || client.keys.verify(signed, signature, desk.now);
    rules
        .demand(Rule::AssertionSignature, is_signed)
        .map_err(refused)?;
    rules
        .demand(Rule::AssertionIssuer, issuer == &*client.client_id)
        .map_err(wrong_issuer)?;
    Ok(client)
}

/// Judges the claims of a verified assertion and issues what they ask for.
pub(super) fn issue(
    desk: &mut Desk<'_>,
    client: &Registration,
    assertion: &Assertion<'_>,
) -> Result<Issued, Refusal> {
    let (claims, world) = (&assertion.claims, desk.world);
    let rules = &world.rules;
    let audience_is_right = text(&claims.aud) == Some(&world.audience(desk.gateway));
    rules
        .demand(Rule::AssertionAudience, audience_is_right)
        .map_err(because("Invalid audience"))?;
    judge_times(rules, claims, desk.now)?;
    let demo_manager = (Role::Manager, world.fixture.manager_user_id());
    let (role, id) = rules
        .find(Rule::AssertionSubjectForm, subject(claims), || {
            Some(demo_manager)
        })
        .map_err(because(SUBJECT_OR_SCOPE))?;
    let purpose = role.purpose();
    let scope = rules
        .find(Rule::AssertionScope, scope(claims, purpose).ok(), || {
            Some(Scope::default_for(purpose))
        })
        .map_err(because(SUBJECT_OR_SCOPE))?;
    let principal = principal(desk, client, role, id);
    let demo = || Some(demo_principal(&world.fixture, role));
    let principal = rules
        .find(Rule::AssertionSubjectManaged, principal, demo)
        .map_err(refused)?;
    let access_token = issue_access_token(desk, &client.client_id, principal, scope, None);
    Ok(Issued {
        rule: Rule::AssertionIssued,
        access_token,
        refresh_token: None,
        named: None,
    })
}

fn judge_times(rules: &Rules, claims: &Claims, now: Timestamp) -> Result<(), Refusal> {
    let wrong_expiration = because("Invalid expiration time");
    let now = now.numeric_date();
    let expiration = claims.exp.as_ref().and_then(Value::as_f64);
    let in_future = expiration.filter(|expiration| *expiration > now);
    let expiration = rules
        .find(Rule::AssertionExpiration, in_future, || Some(now))
        .map_err(wrong_expiration)?;
    // Requirement: rfc7523.3.exp-near
    let is_near = expiration <= now + EXPIRATION_AHEAD_S_MAX;
    rules
        .demand(Rule::AssertionTenMinutes, is_near)
        .map_err(wrong_expiration)?;
    let mut starts = [&claims.iat, &claims.nbf].into_iter().flatten();
    let has_begun = starts.all(|start| start.as_f64().is_some_and(|start| start <= now));
    rules
        .demand(Rule::AssertionNotBefore, has_begun)
        .map_err(because("Invalid issued at time"))
}

fn subject(claims: &Claims) -> Option<(Role, &str)> {
    let subject = text(&claims.sub).unwrap_or_default();
    let forms = SUBJECT_FORMS.into_iter();
    let mut read = forms.filter_map(|(form, role)| Some((role, subject.strip_prefix(form)?)));
    read.next().filter(|(_, id)| is_uuid(id))
}

fn scope(claims: &Claims, purpose: Purpose) -> Result<Scope, NotListed> {
    match &claims.scope {
        None => Scope::parse(None, purpose),
        Some(scope) => Scope::parse(Some(scope.as_str().ok_or(NotListed)?), purpose),
    }
}

/// Resolves the subject now, at the mint, as Remote does.
fn principal(desk: &Desk<'_>, client: &Registration, role: Role, id: &str) -> Option<Principal> {
    let (directory, client_id) = (&desk.state.directory, &client.client_id);
    match role {
        Role::Manager => {
            let company = directory.managed_by_user(client_id, desk.gateway, id)?;
            let company = Arc::clone(company);
            let user = Arc::clone(&company.manager);
            Some(Principal::Manager { company, user })
        }
        Role::Employee => {
            let (company, employment) = directory.employment(client_id, desk.gateway, id)?;
            let (company, employment) = (Arc::clone(company), Arc::clone(employment));
            Some(Principal::Employee {
                company,
                employment,
            })
        }
    }
}

/// Whom a broken rule takes a subject for that is unmanaged or inactive.
fn demo_principal(fixture: &Fixture, role: Role) -> Principal {
    let company = Arc::clone(fixture.company());
    match role {
        Role::Manager => Principal::Manager {
            user: Arc::clone(&company.manager),
            company,
        },
        Role::Employee => Principal::Employee {
            employment: Arc::clone(&company.employments[0]),
            company,
        },
    }
}

fn refused(rule: Rule) -> Refusal {
    Refusal::new(rule, OAuthError::InvalidGrant)
}

/// Refuses with words beside the error code.
fn because(description: &'static str) -> impl Fn(Rule) -> Refusal + Copy {
    move |rule| refused(rule).because(description)
}

fn text(claim: &Option<Value>) -> Option<&str> {
    claim.as_ref().and_then(Value::as_str)
}

fn object<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    // A struct may also be read from an array, which no part of a token is.
    let is_object = json.trim_ascii_start().first() == Some(&b'{');
    serde_json::from_slice(&json).ok().filter(|_| is_object)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
