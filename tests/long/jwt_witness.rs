//! An independent implementation of JSON Web Tokens, PyJWT, as a witness for both sides: it believes what our client
//! mints, and our sandbox believes what it mints; both refuse what is wrong.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use remote_auth::{Client, Clock, Environment, Subject};
use remote_auth_sandbox::{Gateway, ManualClock, Rule, Sandbox};
use remote_auth_tests::foreign::{Foreign, fed};
use remote_auth_tests::rfc_only::{Answer, RfcOnlyServer};
use remote_oauth_client::Secret;
use remote_oauth_client::transport::{Timeouts, http_client};
use serde_json::{Value, json};

const BELOW: &str = env!("CARGO_TARGET_TMPDIR");
const CLIENT_ID: &str = "witnessed";
const SECRET: &str = "witnessed-secret-of-more-than-32-bytes";
const OTHER_SECRET: &str = "another-secret-of-more-than-32-bytes-";
const USER: &str = "d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b001";
const HOUR: i64 = 3_600;

/// The time now, and so many seconds later.
fn later(seconds: i64) -> SystemTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "the witness judges by the machine's clock"
    )]
    let now = SystemTime::now();
    let by = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { now - by } else { now + by }
}

/// The wall clock stands still; nothing here waits.
#[derive(Debug)]
struct Standing(SystemTime);

impl Clock for Standing {
    fn wall(&self) -> SystemTime {
        self.0
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

async fn witness(orders: &[Value]) -> Option<Vec<Value>> {
    let python = Foreign::python("clients", BELOW).await?;
    let input = serde_json::to_vec(orders).expect("JSON");
    let run = fed(python.program("pyjwt.py"), &input).await;
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{errors}");
    Some(serde_json::from_slice(&run.stdout).expect("a list of results"))
}

/// One assertion as our client sends it when its clock shows that time.
async fn minted(
    gateway: &RfcOnlyServer,
    secret: &str,
    subject: &Subject,
    scope: &str,
    at: SystemTime,
) -> String {
    let environment = Environment::custom(gateway.gateway()).expect("loopback");
    let client = Client::builder(environment).credentials(CLIENT_ID, secret);
    let client = client
        .clock(Arc::new(Standing(at)))
        .build()
        .expect("a client");
    let scope = scope.parse().expect("a scope for assertions");
    let source = client.assertion(subject.clone()).scope(scope);
    source.token().await.expect("the server believes anything");
    let requests = gateway.requests();
    let sent = requests
        .last()
        .and_then(|request| request.parameter("assertion"));
    sent.expect("an assertion").to_owned()
}

/// What the witness says of an assertion of ours: the claims that it has to find, or its name for the error.
type Verdict = Result<(), &'static str>;

#[tokio::test(flavor = "multi_thread")]
async fn the_witness_believes_what_our_client_mints_and_nothing_else() {
    let manager = Subject::company_manager(USER);
    let employee = Subject::employment(USER);
    let older = Subject::parse(&format!("urn:remote-api:employment:{USER}")).expect("a subject");
    let awkward = "c4n4ry +/=&%41 with blanks: and a colon";
    // Subject, scope, the secret that signs and the one that verifies, the audience's host, when it was minted.
    let cases: [(&Subject, &str, &str, &str, bool, i64, Verdict); 9] = [
        (&manager, "employment:read", SECRET, SECRET, true, 0, Ok(())),
        (
            &employee,
            "timeoff:read timeoff:write",
            SECRET,
            SECRET,
            true,
            0,
            Ok(()),
        ),
        (&older, "timeoff:read", SECRET, SECRET, true, 0, Ok(())),
        (&manager, "all:read", awkward, awkward, true, 0, Ok(())),
        (&manager, "all:read", SECRET, SECRET, true, -240, Ok(())),
        (
            &manager,
            "all:read",
            SECRET,
            SECRET,
            true,
            -360,
            Err("ExpiredSignatureError"),
        ),
        (
            &manager,
            "all:read",
            SECRET,
            SECRET,
            true,
            HOUR,
            Err("ImmatureSignatureError"),
        ),
        (
            &manager,
            "all:read",
            SECRET,
            OTHER_SECRET,
            true,
            0,
            Err("InvalidSignatureError"),
        ),
        (
            &manager,
            "all:read",
            SECRET,
            SECRET,
            false,
            0,
            Err("InvalidAudienceError"),
        ),
    ];
    let gateway = RfcOnlyServer::start(Answer::token(r#","expires_in":3600"#)).await;
    let (mut orders, mut times) = (Vec::new(), Vec::new());
    for (subject, scope, signs, verifies, is_audience, at, _) in &cases {
        let at = later(*at);
        let assertion = minted(&gateway, signs, subject, scope, at).await;
        let host = if *is_audience {
            gateway.gateway()
        } else {
            "https://gateway.remote.com"
        };
        orders.push(json!({
            "assertion": assertion, "key": verifies, "issuer": CLIENT_ID, "audience": format!("{host}/auth"),
        }));
        times.push(at.duration_since(UNIX_EPOCH).expect("after 1970").as_secs());
    }
    let Some(results) = witness(&orders).await else {
        return;
    };
    assert_eq!(results.len(), cases.len());
    let mut numbers = Vec::new();
    for (((subject, scope, .., verdict), at), result) in cases.iter().zip(times).zip(&results) {
        match verdict {
            Err(error) => assert_eq!(result, error, "{subject} at {at}"),
            Ok(()) => {
                let expected = json!({
                    "iss": CLIENT_ID,
                    "sub": subject.to_string(),
                    "aud": format!("{}/auth", gateway.gateway()),
                    "iat": at,
                    "exp": at + 300,
                    "jti": result["jti"],
                    "scope": scope,
                });
                assert_eq!(result, &expected, "{subject} at {at}");
                numbers.push(result["jti"].as_str().expect("text").to_owned());
            }
        }
    }
    let count = numbers.len();
    numbers.sort();
    numbers.dedup();
    assert_eq!(
        numbers.len(),
        count,
        "each assertion has a number of its own"
    );
}

/// What the witness mints: a change to good claims, the header, key, algorithm, and the rule that decides.
type Minted = (Value, Value, &'static str, &'static str, Rule);

fn good_and_wrong(now: u64, other_gateway: &str) -> Vec<Minted> {
    use Rule::{
        AssertionAlgorithm, AssertionAudience, AssertionExpiration, AssertionIssued,
        AssertionIssuer, AssertionNotBefore, AssertionScope, AssertionSignature,
        AssertionSubjectForm, AssertionSubjectManaged, AssertionTenMinutes,
    };
    let with = |change: Value, rule| (change, json!({}), SECRET, "HS256", rule);
    let unmanaged = "urn:remote-api:company-manager:user:d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b004";
    let misspelt = format!("urn:remote-api:employee:emplomyent:{USER}");
    vec![
        with(json!({}), AssertionIssued),
        with(json!({ "exp": now + 600 }), AssertionIssued),
        with(json!({ "exp": now as f64 + 0.5 }), AssertionIssued),
        with(json!({ "iat": null }), AssertionIssued),
        with(json!({ "scope": null }), AssertionIssued),
        with(
            json!({ "jti": "n-1", "nbf": now, "more": [1, { "a": 2 }] }),
            AssertionIssued,
        ),
        (
            json!({}),
            json!({ "kid": "k1", "typ": "at+jwt" }),
            SECRET,
            "HS256",
            AssertionIssued,
        ),
        with(json!({ "exp": now }), AssertionExpiration),
        with(json!({ "exp": null }), AssertionExpiration),
        with(json!({ "exp": now + 601 }), AssertionTenMinutes),
        with(json!({ "iat": now + 1 }), AssertionNotBefore),
        with(json!({ "nbf": now + 1 }), AssertionNotBefore),
        with(json!({ "aud": other_gateway }), AssertionAudience),
        with(json!({ "aud": null }), AssertionAudience),
        with(json!({ "iss": "nobody" }), AssertionIssuer),
        with(json!({ "sub": unmanaged }), AssertionSubjectManaged),
        with(json!({ "sub": misspelt }), AssertionSubjectForm),
        with(
            json!({ "scope": "https://gateway.remote.com/company.manage" }),
            AssertionScope,
        ),
        (
            json!({}),
            json!({}),
            OTHER_SECRET,
            "HS256",
            AssertionSignature,
        ),
        (json!({}), json!({}), SECRET, "HS384", AssertionAlgorithm),
        (json!({}), json!({}), SECRET, "HS512", AssertionAlgorithm),
        (json!({}), json!({}), "", "none", AssertionAlgorithm),
        (
            json!({}),
            json!({ "crit": ["exp"] }),
            SECRET,
            "HS256",
            AssertionAlgorithm,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_believes_what_the_witness_mints_and_nothing_wrong() {
    let clock = ManualClock::default();
    let sandbox = Sandbox::builder()
        .manual_clock(&clock)
        .credentials(CLIENT_ID, Secret::from(SECRET));
    let sandbox = sandbox.start().await.expect("a sandbox");
    let now = clock
        .now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    let good = json!({
        "iss": CLIENT_ID,
        "sub": format!("urn:remote-api:company-manager:user:{}", sandbox.fixture().manager_user_id()),
        "aud": sandbox.audience(Gateway::Sandbox),
        "iat": now,
        "exp": now + 300,
        "scope": "employment:read",
    });
    let cases = good_and_wrong(now, &sandbox.audience(Gateway::Production));
    let orders: Vec<Value> = cases
        .iter()
        .map(|(change, headers, key, algorithm, _)| {
            json!({ "claims": changed(&good, change), "headers": headers, "key": key, "algorithm": algorithm })
        })
        .collect();
    let Some(results) = witness(&orders).await else {
        return;
    };
    assert_eq!(results.len(), cases.len());

    let base = sandbox.gateway_url(Gateway::Sandbox);
    let base: url::Url = base.parse().expect("an address");
    let http = http_client(&base, &Timeouts::default()).expect("an HTTP client");
    for ((change, headers, _, algorithm, rule), assertion) in cases.iter().zip(&results) {
        let assertion = assertion.as_str().expect("an assertion");
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
            .append_pair("assertion", assertion)
            .finish();
        let request = http
            .post(base.join("/auth/oauth2/token").expect("a path"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form);
        let status = request.send().await.expect("an answer").status();
        let decided = sandbox.ledger().last().map(|entry| entry.rule);
        assert_eq!(decided, Some(*rule), "{algorithm} {headers} {change}");
        assert_eq!(status == 200, *rule == Rule::AssertionIssued, "{change}");
    }
}

/// Puts members into an object; `null` takes one out.
fn changed(good: &Value, change: &Value) -> Value {
    let mut members = good.as_object().expect("an object").clone();
    for (name, value) in change.as_object().expect("an object") {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    members.into()
}
