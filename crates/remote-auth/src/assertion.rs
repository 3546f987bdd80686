//! Assertions: signed claims that stand for one user.
//!
//! A claim set lives for five minutes, half of what Remote allows, and is minted for one request: nothing here
//! keeps one.
//!
//! Signing goes through the types of `jsonwebtoken`, with a signer that this module names.
//! Its `encode` is not used: it takes its signer from the process or from whatever features the final binary
//! happens to enable, and panics where that is none or two.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::signature::{self, Signer};
use jsonwebtoken::{Algorithm, Header};
use remote_oauth_client::Secret;
use ring::hmac;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use serde::Serialize;

use crate::environment::Environment;
use crate::error::{Error, Misuse};
use crate::leeway::ASSERTION_LIFE;
use crate::random;
use crate::scope::AssertionScope;
use crate::secret::{ClientId, ClientSecret};
use crate::token::Principal;

/// The fewest bytes of a key for HS256: <https://www.rfc-editor.org/rfc/rfc7518#section-3.2>.
const KEY_BYTES_MIN: usize = 32;

/// Names the user that an assertion stands for.
///
/// ```
/// use remote_auth::{Principal, Subject};
/// let subject = Subject::employment("99bf04d8-2b43-11f0-8cf4-d38ed3edc31e");
/// assert_eq!(subject.to_string(), "urn:remote-api:employee:employment:99bf04d8-2b43-11f0-8cf4-d38ed3edc31e");
/// assert_eq!(subject.principal(), Principal::Employee);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    form: Form,
    id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    CompanyManager,
    Employment,
    OlderEmployment,
}

impl Form {
    const ALL: [Self; 3] = [
        Self::CompanyManager,
        Self::Employment,
        Self::OlderEmployment,
    ];

    fn prefix(self) -> &'static str {
        match self {
            // Requirement: remote.assertion.sub-manager
            Self::CompanyManager => "urn:remote-api:company-manager:user:",
            // Requirement: remote.assertion.sub-employee
            Self::Employment => "urn:remote-api:employee:employment:",
            // Requirement: remote.assertion.sub-older
            Self::OlderEmployment => "urn:remote-api:employment:",
        }
    }
}

impl Subject {
    /// Names a company manager by user id, as `GET /v1/company-managers` gives it.
    pub fn company_manager(user_id: impl Into<String>) -> Self {
        Self {
            form: Form::CompanyManager,
            id: user_id.into(),
        }
    }

    /// Names an employee by employment id.
    pub fn employment(employment_id: impl Into<String>) -> Self {
        Self {
            form: Form::Employment,
            id: employment_id.into(),
        }
    }

    /// Reads one of the three published forms, the older `urn:remote-api:employment:` among them.
    ///
    /// # Errors
    ///
    /// [`Misuse::SubjectMisspelt`] for the spelling `emplomyent` of one published example, and [`Misuse::Subject`]
    /// for anything else.
    pub fn parse(urn: &str) -> Result<Self, Error> {
        // Requirement: remote.assertion.sub-spelling
        if urn.contains(":emplomyent:") {
            return Err(Misuse::SubjectMisspelt.into());
        }
        let known = Form::ALL
            .into_iter()
            .find_map(|form| Some((form, urn.strip_prefix(form.prefix())?)));
        let (form, id) = known.ok_or_else(|| Error::from(Misuse::Subject))?;
        let subject = Self {
            form,
            id: id.to_owned(),
        };
        subject.check()?;
        Ok(subject)
    }

    /// Returns whom a token for this subject stands for.
    pub fn principal(&self) -> Principal {
        match self.form {
            Form::CompanyManager => Principal::CompanyManager,
            Form::Employment | Form::OlderEmployment => Principal::Employee,
        }
    }

    /// Remote's identifiers are UUIDs; only what would change the URN's meaning is refused.
    fn check(&self) -> Result<(), Error> {
        let fits = !self.id.is_empty()
            && self
                .id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits {
            Ok(())
        } else {
            Err(Misuse::Subject.into())
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.form.prefix(), self.id)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({self})")
    }
}

/// The claims, by the names of <https://www.rfc-editor.org/rfc/rfc7523#section-3>.
#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: String,
    iat: u64,
    exp: u64,
    jti: String,
    scope: &'a str,
}

/// Signs with HMAC-SHA-256 under the client secret.
pub(crate) struct HmacSigner(hmac::Key);

impl HmacSigner {
    #[expect(
        clippy::disallowed_methods,
        reason = "the client secret's bytes are the key"
    )]
    pub(crate) fn new(secret: &ClientSecret, short_keys_too: bool) -> Result<Self, Error> {
        let key = secret.expose_secret().as_bytes();
        // Requirement: rfc7523.5.hs256-key-256-bits
        if key.len() < KEY_BYTES_MIN && !short_keys_too {
            return Err(Misuse::ShortAssertionKey.into());
        }
        // Requirement: remote.assertion.hs256
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key)))
    }
}

// Requirement: remote.skill.rule-secret-signs
impl fmt::Debug for HmacSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacSigner([REDACTED])")
    }
}

impl Signer<Vec<u8>> for HmacSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl JwtSigner for HmacSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

/// Mints one assertion, to be sent at once; `now` is the time of day at the server.
pub(crate) fn mint(
    signer: &dyn JwtSigner,
    client_id: &ClientId,
    environment: &Environment,
    subject: &Subject,
    scope: &AssertionScope,
    now: SystemTime,
) -> Result<Secret, Error> {
    subject.check()?;
    // Requirement: rfc7523.3.iat
    let iat = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let claims = Claims {
        // Requirement: remote.assertion.iss, rfc7523.3.iss
        iss: client_id.as_str(),
        // Requirement: rfc7523.3.sub
        sub: subject.to_string(),
        // Requirement: remote.assertion.aud, rfc7523.3.aud
        aud: environment.assertion_audience(),
        iat,
        // Requirement: rfc7523.3.exp
        exp: iat.saturating_add(ASSERTION_LIFE.as_secs()),
        // Requirement: rfc7523.3.jti
        jti: random::text::<16>(),
        // Requirement: remote.assertion.scope-claim
        scope: scope.as_str(),
    };
    let part = |json: serde_json::Result<Vec<u8>>| {
        // Requirement: rfc7523.5.unpadded
        URL_SAFE_NO_PAD.encode(json.expect("text and numbers are JSON"))
    };
    let header = part(serde_json::to_vec(&Header::new(signer.algorithm())));
    let message = format!("{header}.{}", part(serde_json::to_vec(&claims)));
    let signed = signer
        // Requirement: rfc7523.3.signed
        .try_sign(message.as_bytes())
        .expect("a MAC over bytes in memory cannot fail");
    let mac = Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(signed)));
    // Only with its MAC is it a secret. It gets exactly its room, so that it is moved nowhere else.
    let mut jwt = String::with_capacity(message.len() + 1 + mac.len());
    // Requirement: rfc7523.2.1.one-jwt
    jwt.extend([&message, ".", &mac]);
    Ok(jwt.into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn minted(subject: &Subject, now: SystemTime) -> Result<Vec<serde_json::Value>, Error> {
        let signer = HmacSigner::new(&SECRET.into(), false)?;
        let client_id = ClientId::parse("client")?;
        let scope = "timeoff:read".parse()?;
        let jwt = mint(
            &signer,
            &client_id,
            &Environment::PartnerSandbox,
            subject,
            &scope,
            now,
        )?;
        #[expect(clippy::disallowed_methods, reason = "the test looks inside")]
        let text = jwt.expose_secret().to_owned();
        let (message, mac) = text.rsplit_once('.').expect("three parts");
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        hmac::verify(
            &key,
            message.as_bytes(),
            &URL_SAFE_NO_PAD.decode(mac).expect("base64url"),
        )
        .expect("the MAC");
        let json =
            |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url"));
        Ok(message
            .split('.')
            .map(|part| json(part).expect("json"))
            .collect())
    }

    // Requirement: remote.assertion.hs256, rfc7523.3.iat, rfc7523.3.signed, rfc7523.5.unpadded
    #[test]
    fn the_claims_are_those_that_remote_documents() {
        let now = UNIX_EPOCH + Duration::from_millis(1_746_571_056_900);
        let parts = minted(&Subject::employment("e-1"), now).expect("an assertion");
        assert_eq!(parts[0], serde_json::json!({"alg": "HS256", "typ": "JWT"}));
        let mut claims = parts[1].clone();
        let jti = claims
            .as_object_mut()
            .expect("an object")
            .remove("jti")
            .expect("a jti");
        assert_eq!(jti.as_str().expect("text").len(), 22);
        assert_eq!(
            claims,
            serde_json::json!({
                "iss": "client",
                "sub": "urn:remote-api:employee:employment:e-1",
                "aud": "https://gateway.partners.remote-sandbox.com/auth",
                "iat": 1_746_571_056,
                "exp": 1_746_571_356,
                "scope": "timeoff:read",
            })
        );
    }

    // Requirement: rfc7523.3.jti
    #[test]
    fn no_two_assertions_are_the_same() {
        let subject = Subject::company_manager("u-1");
        let one = minted(&subject, UNIX_EPOCH).expect("an assertion");
        assert_ne!(
            one[1]["jti"],
            minted(&subject, UNIX_EPOCH).expect("an assertion")[1]["jti"]
        );
    }

    // Requirement: remote.skill.mistake-exp-drift
    #[test]
    fn whatever_the_clock_says_the_bound_holds() {
        for now in [
            UNIX_EPOCH - Duration::from_secs(9),
            UNIX_EPOCH,
            UNIX_EPOCH + Duration::from_secs(u32::MAX.into()),
        ] {
            let claims = &minted(&Subject::employment("e"), now).expect("an assertion")[1];
            let (iat, exp) = (
                claims["iat"].as_u64().expect("iat"),
                claims["exp"].as_u64().expect("exp"),
            );
            assert!(exp > iat && exp - iat <= 600, "{iat} {exp}");
        }
    }

    // Requirement: remote.assertion.sub-employee, remote.assertion.sub-manager
    // Requirement: remote.assertion.sub-older, remote.assertion.sub-spelling
    #[test]
    fn a_subject_is_one_of_three_forms() {
        let cases = [
            (
                "urn:remote-api:company-manager:user:u-1",
                Ok(Principal::CompanyManager),
            ),
            (
                "urn:remote-api:employee:employment:e-1",
                Ok(Principal::Employee),
            ),
            ("urn:remote-api:employment:e-1", Ok(Principal::Employee)),
            (
                "urn:remote-api:employee:emplomyent:e-1",
                Err("misuse.subject_misspelt"),
            ),
            ("urn:remote-api:employee:employment:", Err("misuse.subject")),
            (
                "urn:remote-api:employee:employment:a:b",
                Err("misuse.subject"),
            ),
            (
                "urn:remote-api:employee:employment:a b",
                Err("misuse.subject"),
            ),
            ("urn:remote-api:user:u-1", Err("misuse.subject")),
            ("e-1", Err("misuse.subject")),
        ];
        for (urn, expected) in cases {
            let parsed = Subject::parse(urn);
            assert_eq!(
                parsed.as_ref().map(Subject::principal).map_err(Error::code),
                expected,
                "{urn}"
            );
            if let Ok(subject) = parsed {
                assert_eq!(subject.to_string(), urn);
            }
        }
        assert_eq!(
            minted(&Subject::employment("a:b"), UNIX_EPOCH)
                .expect_err("refused")
                .code(),
            "misuse.subject"
        );
    }

    // Requirement: rfc7523.5.hs256-key-256-bits
    #[test]
    fn a_key_of_fewer_than_256_bits_is_refused_unless_asked_for() {
        let short = ClientSecret::from(&SECRET[..31]);
        let error = HmacSigner::new(&short, false).expect_err("refused");
        assert_eq!(error.code(), "misuse.short_assertion_key");
        HmacSigner::new(&short, true).expect("asked for");
    }
}
