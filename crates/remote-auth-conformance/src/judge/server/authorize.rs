//! The authorization endpoint: who may ask, what is asked of a person, and where the browser goes.

use super::talk::{Talk, in_the_way};
use super::wire::{Answer, Ask};
use super::{Promise, questions};
use crate::judge::{Examination, Objection, demand};

const STATE: &str = "s-1._~ \u{e9}&=#";
/// A percent sign with no octet behind it.
const UNDECODABLE: &str = "%zz";
const OUTSIDE: &str = "https://attacker.example/callback";
const FAULTY: (&str, &str) = ("response_type", "no-such-type");
/// The response type of the implicit grant, which is nobody's any more.
const IMPLICIT: (&str, &str) = ("response_type", "token");

questions! {
    "server.authorize.client-known", Gentle,
        ["rfc6749.4.1.1.client-id", "rfc6749.4.1.2.1.not-redirected"],
        "An unknown client is told so on a page, and nobody is redirected.", client_known;
    "server.authorize.redirect-uri-registered", Abusive,
        ["remote.authorize.redirect-uri-registered", "rfc6749.3.1.2.2.registered",
        "rfc6749.3.1.2.3.matched", "rfc6749.3.1.2.4.no-redirect",
        "rfc6749.10.6.registered-only", "rfc9700.2.1.exact-redirect"],
        "A redirection URI that is not registered, or differs in one letter, is never followed.",
        redirect_uri_registered;
    "server.authorize.well-encoded", Abusive, ["rfc6749.10.14.input-escaped"],
        "A state that is not well encoded is refused, or comes back letter for letter.", well_encoded;
    "server.authorize.no-repeats", Gentle, ["rfc6749.3.1.no-repeats"],
        "An authorization request with a parameter that stands twice is refused.", no_repeats;
    "server.authorize.response-type", Gentle,
        ["remote.authorize.response-type", "rfc6749.3.1.1.unsupported-response-type"],
        "A response type other than `code` is refused.", response_type;
    "server.authorize.scope-listed", Gentle, ["remote.error.invalid-scope"],
        "A consent for a scope that does not exist is refused.", scope_listed;
    "server.authorize.pkce-method", Gentle, ["rfc7636.4.4.1.unsupported-method"],
        "A code challenge of a method that does not exist is refused.", pkce_method;
    "server.authorize.pkce-s256", Gentle, ["rfc7636.7.2.plain-refused"],
        "A code challenge of the method `plain` is refused.", pkce_s256;
    "server.authorize.pkce-required", Gentle, ["rfc7636.4.4.1.challenge-required"],
        "A server that says so takes no authorization request without a code challenge.",
        pkce_required;
    "server.authorize.fault-redirected", Gentle, ["rfc6749.4.1.2.1.error-by-redirect"],
        "A fault is told by redirect where client and redirection URI are good.",
        fault_redirected;
    "server.authorize.state-echoed", Gentle, ["rfc6749.4.1.2.state-echoed"],
        "The state comes back letter for letter, with a code and with an error.", state_echoed;
    "server.authorize.consent-asked", Gentle, ["remote.consent.asked"],
        "Nobody gets a code without a person having been asked.", consent_asked;
    "server.authorize.not-framed", Gentle,
        ["rfc6749.10.13.clickjacking", "rfc9700.4.16.clickjacking"],
        "The consent page forbids every other page to frame it.", not_framed;
    "server.authorize.approved", Gentle, ["remote.authorize.answer"],
        "An approved consent leads back to the client with a code.", approved;
    "server.authorize.denied", Gentle, ["rfc6749.4.1.2.1.error-by-redirect"],
        "A denied consent leads back to the client with `access_denied` and without a code.",
        denied;
    "server.authorize.see-other", Gentle, ["rfc9700.4.12.no-307"],
        "A consent form is not answered by a redirect that would send it on.", see_other;
    "server.authorize.form-once", Abusive, ["rfc6749.10.12.server-csrf"],
        "A consent form that was answered cannot be answered again.", form_once;
    "server.code.unguessable", Gentle, ["rfc6749.10.10.token-entropy"],
        "Codes are long and differ from each other.", unguessable;
}

/// Tells whether a request was taken: a person is asked, or led to where one is, or the client has its answer.
fn went_on(answer: &Answer) -> bool {
    let asked = answer.status.is_success();
    let led_on = answer.location().is_some() && answer.told("error").is_none();
    asked || led_on
}

/// Finds out that a good request is not refused, without which no refusal would say anything.
async fn works(talk: &mut Talk<'_>) -> Result<Answer, Objection> {
    let answer = talk.browse(&talk.authorization_request(&[])).await?;
    if !went_on(&answer) {
        let outline = answer.outline();
        return Err(in_the_way(format!(
            "a good request is refused too: {outline}"
        )));
    }
    Ok(answer)
}

/// Objects unless an authorization request is refused, on a page or by redirect with this word.
async fn refused(mut talk: Talk<'_>, more: &[(&str, &str)], error: &str) -> Examination {
    works(&mut talk).await?;
    let ask = talk.authorization_request(more);
    refused_as(&mut talk, &ask, error).await
}

async fn refused_as(talk: &mut Talk<'_>, ask: &Ask, error: &str) -> Examination {
    let answer = talk.browse(ask).await?;
    let word = answer.told("error");
    let named = word.is_none_or(|word| word == error);
    demand(!went_on(&answer) && named, || {
        format!("{} in place of a refusal with {error}", answer.outline())
    })
}

/// Objects unless the fault is told on a page.
async fn on_a_page(talk: &mut Talk<'_>, ask: &Ask) -> Examination {
    let answer = talk.send(ask).await?;
    let redirected = answer.location().is_some();
    demand(answer.status.is_client_error() && !redirected, || {
        format!(
            "{} in place of a page that says what is wrong",
            answer.outline()
        )
    })
}

async fn client_known(mut talk: Talk<'_>) -> Examination {
    works(&mut talk).await?;
    let ask = talk.authorization_request(&[("client_id", "nobody-whom-anybody-knows")]);
    on_a_page(&mut talk, &ask).await
}

async fn redirect_uri_registered(mut talk: Talk<'_>) -> Examination {
    works(&mut talk).await?;
    let longer = format!("{}x", talk.server.redirect_uri);
    for uri in [OUTSIDE, &longer] {
        let ask = talk.authorization_request(&[("redirect_uri", uri)]);
        on_a_page(&mut talk, &ask).await?;
    }
    Ok(())
}

async fn well_encoded(mut talk: Talk<'_>) -> Examination {
    works(&mut talk).await?;
    let mut ask = talk.authorization_request(&[]);
    ask.url.push_str(&format!("&state={UNDECODABLE}"));
    if !went_on(&talk.browse(&ask).await?) {
        return Ok(());
    }
    // The URL standard reads it as it stands, which is as good as a refusal: nobody reads something else.
    let answer = talk.approved_at(talk.home(), &ask).await?;
    demand(
        answer.callback("state").as_deref() == Some(UNDECODABLE),
        || format!("{} without the state that was sent", answer.outline()),
    )
}

async fn no_repeats(talk: Talk<'_>) -> Examination {
    refused(talk, &[("state", "a"), ("state", "b")], "invalid_request").await
}

async fn response_type(mut talk: Talk<'_>) -> Examination {
    works(&mut talk).await?;
    for other in [FAULTY, IMPLICIT] {
        let ask = talk.authorization_request(&[other]);
        refused_as(&mut talk, &ask, "unsupported_response_type").await?;
    }
    Ok(())
}

async fn scope_listed(talk: Talk<'_>) -> Examination {
    refused(talk, &[("scope", "no:such-scope")], "invalid_scope").await
}

async fn pkce_method(talk: Talk<'_>) -> Examination {
    let unheard_of = [("code_challenge_method", "no-such-method")];
    refused(talk, &unheard_of, "invalid_request").await
}

async fn pkce_s256(talk: Talk<'_>) -> Examination {
    let challenge = "plain-text-that-is-long-enough-for-a-challenge-0";
    let plain = [
        ("code_challenge", challenge),
        ("code_challenge_method", "plain"),
    ];
    refused(talk, &plain, "invalid_request").await
}

async fn pkce_required(mut talk: Talk<'_>) -> Examination {
    if !talk.server.promised(Promise::Pkce) {
        let optional = "the server does not say that it demands PKCE";
        return Err(Objection::Skipped(optional.to_owned()));
    }
    works(&mut talk).await?;
    let ask = talk.unchallenged_request();
    refused_as(&mut talk, &ask, "invalid_request").await
}

async fn fault_redirected(mut talk: Talk<'_>) -> Examination {
    let answer = talk.browse(&talk.authorization_request(&[FAULTY])).await?;
    if went_on(&answer) {
        return Err(in_the_way("the server takes the fault that was to be told"));
    }
    let told = answer.leads_to(&talk.server.redirect_uri) && answer.callback("error").is_some();
    demand(told, || {
        format!("{} in place of a redirect with an error", answer.outline())
    })
}

async fn state_echoed(mut talk: Talk<'_>) -> Examination {
    let echoed = |answer: &Answer| {
        demand(answer.callback("state").as_deref() == Some(STATE), || {
            format!("{} without the state that was sent", answer.outline())
        })
    };
    let state = ("state", STATE);
    let ask = talk.authorization_request(&[FAULTY, state]);
    let faulty = talk.browse(&ask).await?;
    let told = faulty.leads_to(&talk.server.redirect_uri);
    if told {
        echoed(&faulty)?;
    }
    match talk.approved(&[state]).await {
        Ok(approved) => echoed(&approved),
        // Where nobody may consent, what came with the error is all that can be told.
        Err(Objection::Skipped(_)) if told => Ok(()),
        Err(objection) => Err(objection),
    }
}

async fn consent_asked(mut talk: Talk<'_>) -> Examination {
    let answer = works(&mut talk).await?;
    let at_once = answer.leads_to(&talk.server.redirect_uri) && answer.callback("error").is_none();
    demand(!at_once, || "the browser is sent back at once".to_owned())
}

async fn not_framed(mut talk: Talk<'_>) -> Examination {
    let answer = talk.browse(&talk.authorization_request(&[])).await?;
    if !answer.is(200) {
        let moot = format!("no consent page came: {}", answer.outline());
        return Err(Objection::Skipped(moot));
    }
    let policy = answer.header("content-security-policy");
    let by_policy = policy.is_some_and(|policy| policy.contains("frame-ancestors"));
    let by_header = answer.header("x-frame-options").is_some();
    demand(by_policy || by_header, || {
        "a page with neither frame-ancestors nor X-Frame-Options".to_owned()
    })
}

async fn approved(mut talk: Talk<'_>) -> Examination {
    let answer = talk.approved(&[]).await?;
    let good = answer.leads_to(&talk.server.redirect_uri) && answer.callback("code").is_some();
    demand(good, || format!("{} without a code", answer.outline()))
}

async fn denied(mut talk: Talk<'_>) -> Examination {
    let form = talk.consent_form(&[]).await?;
    let answer = talk.press(&form, "deny").await?;
    let told = answer.leads_to(&talk.server.redirect_uri)
        && answer.callback("error").as_deref() == Some("access_denied")
        && answer.callback("code").is_none();
    demand(told, || {
        format!(
            "{} in place of a redirect with access_denied",
            answer.outline()
        )
    })
}

async fn see_other(mut talk: Talk<'_>) -> Examination {
    let form = talk.consent_form(&[]).await?;
    let answer = talk.press(&form, "approve").await?;
    demand(!answer.is(307) && !answer.is(308), || {
        format!(
            "{}, which makes the browser send the form again",
            answer.outline()
        )
    })
}

async fn form_once(mut talk: Talk<'_>) -> Examination {
    let form = talk.consent_form(&[]).await?;
    let first = talk.press(&form, "approve").await?;
    if !first.leads_to(&talk.server.redirect_uri) {
        return Err(in_the_way(format!(
            "no consent was given: {}",
            first.outline()
        )));
    }
    let second = talk.press(&form, "approve").await?;
    demand(second.callback("code").is_none(), || {
        "the same form gives a second consent".to_owned()
    })
}

async fn unguessable(mut talk: Talk<'_>) -> Examination {
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(talk.code(&[]).await?);
    }
    strong(&codes)
}

/// Objects unless values are as long as 128 bits need to be, and no two are alike.
pub(super) fn strong(values: &[String]) -> Examination {
    /// Characters that 128 bits take in Base64.
    const CHARS_MIN: usize = 22;
    let short = values.iter().map(String::len).min().unwrap_or_default();
    demand(short >= CHARS_MIN, || {
        format!("{short} characters, where 128 bits take {CHARS_MIN}")
    })?;
    let alike = (1..values.len()).any(|place| values[..place].contains(&values[place]));
    demand(!alike, || "the same value twice".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_short_or_comes_twice_is_not_strong() {
        let long = |letter: &str| letter.repeat(22);
        for (values, good) in [
            (vec![long("a"), long("b")], true),
            (vec![long("a"), long("a")], false),
            (vec![long("a"), "b".repeat(21)], false),
            (vec![], false),
        ] {
            assert_eq!(strong(&values).is_ok(), good, "{values:?}");
        }
    }

    #[test]
    fn the_state_survives_only_a_reader_and_a_writer_that_agree() {
        let query = crate::judge::server::wire::encoded(&[("state", STATE)]);
        let read: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        assert_eq!(read, [("state".into(), STATE.into())]);
    }
}
