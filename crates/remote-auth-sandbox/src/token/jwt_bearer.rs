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
use ring::hmac;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    clock::Timestamp,
    registration::Registration,
    rule::Rule,
    scope::{NotListed, Purpose, Scope},
    state::Principal,
    token::issue_access_token,
    wire::{Issued, OAuthError, Refusal},
    world::{Desk, World},
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

/// An assertion that could be read; nothing of it is believed yet.
pub(super) struct Assertion<'a> {
    signed: &'a [u8],
    signature: Vec<u8>,
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
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        let malformed = refused(Rule::AssertionWellFormed);
        let parts: Vec<&str> = text.split('.').collect();
        let &[header, claims, signature] = parts.as_slice() else {
            return Err(malformed);
        };
        let signed = &text.as_bytes()[..header.len() + 1 + claims.len()];
        let (header, claims): (Header, Claims) =
            object(header).zip(object(claims)).ok_or(malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed)?;
        // The algorithm is the server's choice; the header may only agree.
        if header.alg != "HS256" || header.crit.is_some() {
            return Err(refused(Rule::AssertionAlgorithm));
        }
        Ok(Self {
            signed,
            signature,
            claims,
        })
    }
}

/// Finds the client whose assertion this is, and verifies its signature.
///
/// A Basic header, where there is one, decides who the client is; otherwise the issuer does.
pub(super) fn client<'a>(
    world: &'a World,
    basic: Option<&'a Registration>,
    assertion: &Assertion<'_>,
) -> Result<&'a Registration, Refusal> {
    let wrong_issuer = refused(Rule::AssertionIssuer).because("Invalid issuer");
    let issuer = text(&assertion.claims.iss).ok_or(wrong_issuer)?;
    let client = basic.or_else(|| world.client(issuer)).ok_or(wrong_issuer)?;
    hmac::verify(
        &client.assertion_key,
        assertion.signed,
        &assertion.signature,
    )
    .map_err(|_| refused(Rule::AssertionSignature))?;
    if issuer == &*client.client_id {
        Ok(client)
    } else {
        Err(wrong_issuer)
    }
}

/// Judges the claims of a verified assertion and issues what they ask for.
pub(super) fn issue(
    desk: &mut Desk<'_>,
    client: &Registration,
    assertion: &Assertion<'_>,
) -> Result<Issued, Refusal> {
    let claims = &assertion.claims;
    if text(&claims.aud) != Some(&desk.world.audience(desk.gateway)) {
        return Err(refused(Rule::AssertionAudience).because("Invalid audience"));
    }
    judge_times(claims, desk.now)?;
    let (role, id) = subject(claims)?;
    let scope =
        scope(claims, role).map_err(|_| refused(Rule::AssertionScope).because(SUBJECT_OR_SCOPE))?;
    let principal =
        principal(desk, client, role, id).ok_or(refused(Rule::AssertionSubjectManaged))?;
    let access_token = issue_access_token(desk, &client.client_id, principal, scope, None);
    Ok(Issued {
        rule: Rule::AssertionIssued,
        access_token,
        refresh_token: None,
        named: None,
    })
}

fn judge_times(claims: &Claims, now: Timestamp) -> Result<(), Refusal> {
    const WRONG_EXPIRATION: &str = "Invalid expiration time";
    let now = now.numeric_date();
    let expiration = claims.exp.as_ref().and_then(Value::as_f64);
    let in_future = expiration.filter(|expiration| *expiration > now);
    let expiration =
        in_future.ok_or(refused(Rule::AssertionExpiration).because(WRONG_EXPIRATION))?;
    if expiration > now + EXPIRATION_AHEAD_S_MAX {
        return Err(refused(Rule::AssertionTenMinutes).because(WRONG_EXPIRATION));
    }
    for start in [&claims.iat, &claims.nbf].into_iter().flatten() {
        if start.as_f64().is_none_or(|start| start > now) {
            return Err(refused(Rule::AssertionNotBefore).because("Invalid issued at time"));
        }
    }
    Ok(())
}

fn subject(claims: &Claims) -> Result<(Role, &str), Refusal> {
    let subject = text(&claims.sub).unwrap_or_default();
    let forms = SUBJECT_FORMS.into_iter();
    let mut read = forms.filter_map(|(form, role)| Some((role, subject.strip_prefix(form)?)));
    let well_formed = read.next().filter(|(_, id)| is_uuid(id));
    well_formed.ok_or(refused(Rule::AssertionSubjectForm).because(SUBJECT_OR_SCOPE))
}

fn scope(claims: &Claims, role: Role) -> Result<Scope, NotListed> {
    let purpose = if role == Role::Manager {
        Purpose::Manager
    } else {
        Purpose::Employee
    };
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

fn refused(rule: Rule) -> Refusal {
    Refusal::new(rule, OAuthError::InvalidGrant)
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
