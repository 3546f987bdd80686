//! The table of answers that must not give a token, with what the program makes of each.

use super::Answer;

/// One wrong answer.
#[derive(Clone, Debug)]
pub struct Failing {
    /// What is wrong with it.
    pub name: &'static str,
    /// The answer, which carries a mark wherever a server can put one.
    pub answer: Answer,
    /// The stable code of the error.
    pub code: &'static str,
    /// The exit code.
    pub exit: i32,
}

/// A 200 with a JSON body.
fn good(body: &str) -> Answer {
    Answer::json("200 OK", body)
}

/// An error of RFC 6749 section 5.2, whose description echoes what was sent.
fn refusal(status: &'static str, error: &str) -> Answer {
    let body = format!(
        r#"{{"error":"{error}","error_description":"c4n4ry echo","error_uri":"https://x/c4n4ry"}}"#
    );
    Answer::json(status, &body)
        .with("WWW-Authenticate: Basic realm=\"c4n4ry\"")
        .with("X-Echo: c4n4ry")
}

/// Returns the table, for a client credentials request.
pub fn failing() -> Vec<Failing> {
    let mut table = tokens();
    table.extend(bodies());
    table.extend(refusals());
    table.extend(broken());
    table
}

fn rows<const N: usize>(
    rows: [(&'static str, Answer, &'static str, i32); N],
) -> impl Iterator<Item = Failing> {
    rows.into_iter().map(|(name, answer, code, exit)| Failing {
        name,
        answer,
        code,
        exit,
    })
}

/// Answers of the right form with something wrong in a member.
fn tokens() -> Vec<Failing> {
    let long = format!(
        r#"{{"access_token":"c4n4ry","token_type":"{}"}}"#,
        "c4n4ry".repeat(999)
    );
    rows([
        (
            "no access token",
            good(r#"{"token_type":"Bearer","note":"c4n4ry"}"#),
            "deviated.no_access_token",
            13,
        ),
        (
            "empty access token",
            good(r#"{"access_token":"","token_type":"Bearer","refresh_token":"c4n4ry"}"#),
            "deviated.no_access_token",
            13,
        ),
        (
            "line feed in the access token",
            good(r#"{"access_token":"c4n4ry\n","token_type":"Bearer"}"#),
            "deviated.access_token_syntax",
            13,
        ),
        (
            "letter outside ASCII in the access token",
            good(r#"{"access_token":"c4n4ry-é","token_type":"Bearer"}"#),
            "deviated.access_token_syntax",
            13,
        ),
        (
            "access token that is no text",
            good(r#"{"access_token":{"c4n4ry":1},"token_type":"Bearer"}"#),
            "deviated.malformed",
            13,
        ),
        (
            "no token type",
            good(r#"{"access_token":"c4n4ry"}"#),
            "deviated.token_type",
            13,
        ),
        (
            "another token type",
            good(r#"{"access_token":"c4n4ry","token_type":"mac"}"#),
            "deviated.token_type",
            13,
        ),
        ("endless token type", good(&long), "deviated.token_type", 13),
        (
            "lifetime in words",
            good(r#"{"access_token":"c4n4ry","token_type":"Bearer","expires_in":"c4n4ry"}"#),
            "deviated.malformed",
            13,
        ),
        (
            "200 with an error",
            refusal("200 OK", "invalid_client"),
            "refused.invalid_client",
            6,
        ),
        (
            "200 with an error that is no word",
            good(r#"{"access_token":"c4n4ry","token_type":"Bearer","error":{"c4n4ry":1}}"#),
            "refused.unknown",
            1,
        ),
    ])
    .collect()
}

/// Answers of the wrong form.
fn bodies() -> Vec<Failing> {
    let page = |status| Answer::Whole {
        status,
        headers: "Content-Type: text/html\r\n".to_owned(),
        body: "<!doctype html><title>c4n4ry</title>".to_owned(),
    };
    let redirect = |status| {
        Answer::json(status, r#"{"access_token":"c4n4ry","token_type":"Bearer"}"#)
            .with("Location: http://127.0.0.1:1/?access_token=c4n4ry")
    };
    rows([
        ("page", page("200 OK"), "deviated.not_json", 9),
        (
            "page that refuses",
            page("401 Unauthorized"),
            "deviated.not_json",
            9,
        ),
        ("not JSON", good("c4n4ry"), "deviated.malformed", 13),
        (
            "JSON that is cut",
            good(r#"{"access_token":"c4n4ry"#),
            "deviated.malformed",
            13,
        ),
        (
            "JSON of another form",
            good(r#"["c4n4ry"]"#),
            "deviated.malformed",
            13,
        ),
        ("empty body", good(""), "deviated.malformed", 13),
        ("redirect 302", redirect("302 Found"), "deviated.status", 13),
        (
            "redirect 307",
            redirect("307 Temporary Redirect"),
            "deviated.status",
            13,
        ),
        ("status 201", redirect("201 Created"), "deviated.status", 13),
        ("10 MiB, declared", Answer::Large, "deviated.too_large", 13),
        ("endless body", Answer::Endless, "deviated.too_large", 13),
    ])
    .collect()
}

/// Answers that say no.
fn refusals() -> Vec<Failing> {
    let message = Answer::json("401 Unauthorized", r#"{"message":"c4n4ry"}"#);
    let missing = Answer::json("404 Not Found", r#"{"message":"c4n4ry"}"#);
    rows([
        (
            "invalid_client",
            refusal("401 Unauthorized", "invalid_client"),
            "refused.invalid_client",
            6,
        ),
        (
            "unauthorized_client",
            refusal("400 Bad Request", "unauthorized_client"),
            "refused.unauthorized_client",
            6,
        ),
        (
            "unsupported_grant_type",
            refusal("400 Bad Request", "unsupported_grant_type"),
            "refused.unsupported_grant_type",
            6,
        ),
        (
            "invalid_grant",
            refusal("400 Bad Request", "invalid_grant"),
            "refused.invalid_grant",
            6,
        ),
        (
            "invalid_scope",
            refusal("400 Bad Request", "invalid_scope"),
            "refused.invalid_scope",
            7,
        ),
        (
            "invalid_request",
            refusal("400 Bad Request", "invalid_request"),
            "refused.invalid_request",
            1,
        ),
        (
            "word of no RFC",
            refusal("400 Bad Request", "c4n4ry"),
            "refused.unknown",
            1,
        ),
        ("message", message, "refused.unauthorized", 6),
        ("message, not found", missing, "refused.not_found", 1),
        (
            "429",
            refusal("429 Too Many Requests", "invalid_client").with("Retry-After: 7"),
            "unreachable.rate_limited",
            10,
        ),
        (
            "500",
            refusal("500 Internal Server Error", "invalid_client"),
            "unreachable.server_failing",
            9,
        ),
    ])
    .collect()
}

/// Exchanges that end without an answer. `Silent` needs a short timeout.
fn broken() -> Vec<Failing> {
    rows([
        ("cut short", Answer::CutShort, "unreachable.broken", 9),
        ("silence", Answer::Silent, "unreachable.timed_out", 9),
        ("hanging up", Answer::Closed, "unreachable.broken", 9),
        ("not HTTP", Answer::NotHttp, "unreachable.broken", 9),
    ])
    .collect()
}

/// Returns the table of answers of the API that must not pass for a success, whatever was asked of it.
pub fn failing_api() -> Vec<Failing> {
    let message = |status| {
        let body = r#"{"message":"c4n4ry","errors":{"c4n4ry":["c4n4ry"]}}"#;
        Answer::json(status, body).with("X-Echo: c4n4ry")
    };
    let page = Answer::Whole {
        status: "403 Forbidden",
        headers: "Content-Type: text/html\r\n".to_owned(),
        body: "<!doctype html><title>c4n4ry</title>".to_owned(),
    };
    let redirect = Answer::json("302 Found", r#"{"data":{"url":"c4n4ry"}}"#)
        .with("Location: http://127.0.0.1:1/?token=c4n4ry");
    rows([
        ("400", message("400 Bad Request"), "refused.unnamed", 14),
        (
            "401",
            message("401 Unauthorized"),
            "refused.unauthorized",
            4,
        ),
        ("403", message("403 Forbidden"), "refused.forbidden", 7),
        ("404", message("404 Not Found"), "refused.not_found", 14),
        ("409", message("409 Conflict"), "refused.conflict", 14),
        (
            "422",
            message("422 Unprocessable Entity"),
            "refused.unprocessable",
            14,
        ),
        (
            "429",
            message("429 Too Many Requests").with("X-Ratelimit-Reset: 7000"),
            "unreachable.rate_limited",
            10,
        ),
        (
            "500",
            message("500 Internal Server Error"),
            "unreachable.server_failing",
            9,
        ),
        ("page that refuses", page, "deviated.not_json", 9),
        ("redirect", redirect, "deviated.status", 13),
        (
            "not JSON",
            Answer::json("400 Bad Request", "c4n4ry"),
            "deviated.malformed",
            13,
        ),
        ("hanging up", Answer::Closed, "unreachable.broken", 9),
    ])
    .collect()
}
