//! The rows.

use remote_auth::error::Action;

use super::{Asked, Row};

/// Every row, by what it is about.
pub(super) const ALL: [&[Row]; 6] = [NAMED, MESSAGES, STRANGE, FAILING, API, API_CHALLENGES];

/// An answer in JSON.
const fn json(
    asked: Asked,
    status: u16,
    body: &'static str,
    code: &'static str,
    action: Action,
) -> Row {
    sent(asked, status, Some("application/json"), body, code, action)
}

/// A page, as firewalls and proxies send.
const fn page(asked: Asked, status: u16, code: &'static str, action: Action) -> Row {
    let body = "<!doctype html><title>kanarie4711xyzzy</title>";
    sent(
        asked,
        status,
        Some("text/html; charset=utf-8"),
        body,
        code,
        action,
    )
}

/// An answer without a body.
const fn bare(asked: Asked, status: u16, code: &'static str, action: Action) -> Row {
    sent(asked, status, None, "", code, action)
}

const fn sent(
    asked: Asked,
    status: u16,
    media_type: Option<&'static str>,
    body: &'static str,
    code: &'static str,
    action: Action,
) -> Row {
    Row {
        asked,
        status,
        media_type,
        challenge: None,
        body,
        code,
        action,
    }
}

/// Remote's second family: words for people in place of a word for programs.
const MESSAGE: &str = r#"{"message":"kanarie4711xyzzy"}"#;
const ERRORS: &str = r#"{"errors":{"kanarie4711xyzzy":["kanarie4711xyzzy"]}}"#;
const INVALID_CLIENT: &str = r#"{"error":"invalid_client","error_description":"kanarie4711xyzzy","error_uri":"https://kanarie4711xyzzy.example"}"#;
const INVALID_GRANT: &str = r#"{"error":"invalid_grant"}"#;
const ECHO: &str = r#"{"error":"invalid_grant","error_description":"exp kanarie4711xyzzy"}"#;
const TOKEN: &str = r#"{"access_token":"kanarie4711xyzzy","token_type":"Bearer"}"#;

const BEARER: &str = r#"Bearer realm="kanarie4711xyzzy""#;
const INVALID_TOKEN: &str = r#"Bearer realm="kanarie4711xyzzy", error="invalid_token", error_description="kanarie4711xyzzy""#;
const SCOPE: &str = r#"Bearer error="insufficient_scope", scope="kanarie4711xyzzy:read""#;

/// The token endpoint, in the words of RFC 6749 section 5.2.
const NAMED: &[Row] = {
    use Action::*;
    use Asked::*;
    &[
        json(
            Token,
            400,
            r#"{"error":"invalid_request"}"#,
            "refused.invalid_request",
            FixRequest,
        ),
        json(
            Token,
            400,
            INVALID_CLIENT,
            "refused.invalid_client",
            FixClient,
        ),
        json(
            Token,
            401,
            INVALID_CLIENT,
            "refused.invalid_client",
            FixClient,
        ),
        json(
            Token,
            401,
            INVALID_CLIENT,
            "refused.invalid_client",
            FixClient,
        )
        .challenging(r#"Basic realm="kanarie4711xyzzy""#),
        json(
            Token,
            400,
            r#"{"error":"unauthorized_client"}"#,
            "refused.unauthorized_client",
            FixClient,
        ),
        json(
            Token,
            400,
            r#"{"error":"unsupported_grant_type"}"#,
            "refused.unsupported_grant_type",
            FixClient,
        ),
        json(
            Token,
            400,
            r#"{"error":"invalid_scope"}"#,
            "refused.invalid_scope",
            ChangeScope,
        ),
        json(
            Token,
            400,
            r#"{"error":"access_denied"}"#,
            "refused.access_denied",
            Authorize,
        ),
        json(
            Token,
            400,
            r#"{"error":"unsupported_response_type"}"#,
            "refused.unsupported_response_type",
            FixRequest,
        ),
        json(
            Token,
            400,
            r#"{"error":"server_error"}"#,
            "refused.server_error",
            Wait,
        ),
        json(
            Token,
            400,
            r#"{"error":"temporarily_unavailable"}"#,
            "refused.temporarily_unavailable",
            Wait,
        ),
        json(
            Token,
            400,
            r#"{"error":"invalid_token"}"#,
            "refused.invalid_token",
            FixRequest,
        ),
        json(
            Token,
            400,
            r#"{"error":"insufficient_scope"}"#,
            "refused.insufficient_scope",
            ChangeScope,
        ),
        json(
            Token,
            400,
            r#"{"error":"kanarie4711xyzzy"}"#,
            "refused.unknown",
            FixRequest,
        ),
        json(
            Token,
            400,
            r#"{"error":"Invalid_Grant"}"#,
            "refused.unknown",
            FixRequest,
        ),
        json(
            Token,
            400,
            r#"{"error":{"kanarie4711xyzzy":1}}"#,
            "refused.unknown",
            FixRequest,
        ),
        json(
            AuthorizationCode,
            400,
            INVALID_GRANT,
            "refused.invalid_grant",
            AskForConsent,
        ),
        json(
            RefreshToken,
            400,
            INVALID_GRANT,
            "refused.invalid_grant",
            AskForConsent,
        ),
        json(
            RefreshToken,
            400,
            ECHO,
            "refused.invalid_grant",
            AskForConsent,
        ),
        json(
            RefreshToken,
            401,
            INVALID_GRANT,
            "refused.invalid_grant",
            AskForConsent,
        ),
        json(
            ClientCredentials,
            400,
            INVALID_GRANT,
            "refused.invalid_grant",
            FixClient,
        ),
        json(
            JwtBearer,
            400,
            INVALID_GRANT,
            "refused.invalid_grant",
            FixClient,
        ),
        json(JwtBearer, 400, ECHO, "refused.invalid_grant", FixClient),
        // A named error wins, whatever the status and the media type.
        json(
            Token,
            200,
            INVALID_CLIENT,
            "refused.invalid_client",
            FixClient,
        ),
        json(
            RefreshToken,
            200,
            INVALID_GRANT,
            "refused.invalid_grant",
            AskForConsent,
        ),
        json(
            Token,
            404,
            INVALID_CLIENT,
            "refused.invalid_client",
            FixClient,
        ),
        json(
            Token,
            422,
            r#"{"error":"invalid_scope"}"#,
            "refused.invalid_scope",
            ChangeScope,
        ),
        sent(
            Token,
            400,
            Some("text/html"),
            INVALID_CLIENT,
            "refused.invalid_client",
            FixClient,
        ),
        sent(
            Token,
            400,
            Some("application/problem+json"),
            INVALID_CLIENT,
            "refused.invalid_client",
            FixClient,
        ),
        sent(
            Token,
            400,
            None,
            INVALID_CLIENT,
            "refused.invalid_client",
            FixClient,
        ),
    ]
};

/// The token endpoint, in Remote's second family.
const MESSAGES: &[Row] = {
    use Action::*;
    use Asked::*;
    &[
        json(Token, 400, MESSAGE, "refused.unnamed", FixRequest),
        json(
            Token,
            400,
            r#"{"message":{"code":"kanarie4711xyzzy"}}"#,
            "refused.unnamed",
            FixRequest,
        ),
        json(
            Token,
            400,
            r#"{"error":null}"#,
            "refused.unnamed",
            FixRequest,
        ),
        json(Token, 401, MESSAGE, "refused.unauthorized", FixClient),
        json(Token, 401, ERRORS, "refused.unauthorized", FixClient),
        json(Token, 404, MESSAGE, "refused.not_found", FixRequest),
        json(Token, 422, ERRORS, "refused.unprocessable", FixRequest),
        // The token endpoint takes no bearer token, so such a challenge there says nothing.
        json(Token, 401, MESSAGE, "refused.unauthorized", FixClient).challenging(SCOPE),
    ]
};

/// The token endpoint, outside the contract.
const STRANGE: &[Row] = {
    use Action::*;
    use Asked::*;
    &[
        page(Token, 200, "deviated.not_json", Wait),
        page(Token, 400, "deviated.not_json", Wait),
        page(Token, 401, "deviated.not_json", Wait),
        page(Token, 401, "deviated.not_json", Wait).challenging(INVALID_TOKEN),
        page(Token, 404, "deviated.not_json", Wait),
        bare(Token, 401, "deviated.not_json", Wait),
        sent(
            Token,
            400,
            Some("text/plain"),
            "kanarie4711xyzzy",
            "deviated.not_json",
            Wait,
        ),
        json(Token, 200, "", "deviated.malformed", Report),
        json(
            Token,
            200,
            r#"["kanarie4711xyzzy"]"#,
            "deviated.malformed",
            Report,
        ),
        json(
            Token,
            200,
            r#"{"access_token":"kanarie4711xyzzy"#,
            "deviated.malformed",
            Report,
        ),
        json(Token, 400, "kanarie4711xyzzy", "deviated.malformed", Report),
        json(
            Token,
            200,
            r#"{"refresh_token":"kanarie4711xyzzy"}"#,
            "deviated.no_access_token",
            Report,
        ),
        json(
            Token,
            200,
            r#"{"access_token":"kanarie4711xyzzy"}"#,
            "deviated.token_type",
            Report,
        ),
        json(Token, 201, TOKEN, "deviated.status", Report),
        json(Token, 302, TOKEN, "deviated.status", Report),
        json(Token, 307, TOKEN, "deviated.status", Report),
        json(Token, 403, INVALID_CLIENT, "deviated.status", Report),
        page(Token, 403, "deviated.status", Report),
        json(Token, 405, MESSAGE, "deviated.status", Report),
    ]
};

/// Load and failure, in which no word is a verdict.
const FAILING: &[Row] = {
    use Action::*;
    use Asked::*;
    &[
        json(Token, 429, MESSAGE, "unreachable.rate_limited", SlowDown),
        json(Token, 429, ERRORS, "unreachable.rate_limited", SlowDown),
        json(
            Token,
            429,
            INVALID_CLIENT,
            "unreachable.rate_limited",
            SlowDown,
        ),
        page(Token, 429, "unreachable.rate_limited", SlowDown),
        bare(Token, 408, "unreachable.server_failing", Wait),
        sent(
            Token,
            500,
            Some("text/plain"),
            "Internal Server Error",
            "unreachable.server_failing",
            Wait,
        ),
        json(
            RefreshToken,
            500,
            INVALID_GRANT,
            "unreachable.server_failing",
            Wait,
        ),
        json(
            Token,
            500,
            INVALID_CLIENT,
            "unreachable.server_failing",
            Wait,
        ),
        page(Token, 502, "unreachable.server_failing", Wait),
        json(
            Token,
            503,
            r#"{"error":"temporarily_unavailable"}"#,
            "unreachable.server_failing",
            Wait,
        ),
        json(
            RefreshToken,
            503,
            INVALID_GRANT,
            "unreachable.server_failing",
            Wait,
        ),
        bare(Token, 504, "unreachable.server_failing", Wait),
        bare(Token, 599, "unreachable.server_failing", Wait),
        json(Api, 429, ERRORS, "unreachable.rate_limited", SlowDown),
        bare(Api, 429, "unreachable.rate_limited", SlowDown).challenging(SCOPE),
        sent(
            Api,
            500,
            Some("text/plain"),
            "Internal Server Error",
            "unreachable.server_failing",
            Wait,
        ),
        json(
            Api,
            500,
            r#"{"error":"invalid_token"}"#,
            "unreachable.server_failing",
            Wait,
        ),
        bare(Api, 503, "unreachable.server_failing", Wait).challenging(INVALID_TOKEN),
    ]
};

/// The API, without a challenge.
const API: &[Row] = {
    use Action::*;
    use Asked::Api;
    &[
        json(Api, 400, MESSAGE, "refused.unnamed", ChangeRequest),
        json(
            Api,
            400,
            r#"{"message":{"code":"kanarie4711xyzzy","message":"kanarie4711xyzzy"}}"#,
            "refused.unnamed",
            ChangeRequest,
        ),
        json(Api, 401, MESSAGE, "refused.unauthorized", RenewToken),
        json(
            Api,
            401,
            r#"{"error":"invalid_token"}"#,
            "refused.invalid_token",
            RenewToken,
        ),
        json(Api, 403, MESSAGE, "refused.forbidden", ChangeScope),
        json(
            Api,
            403,
            r#"{"error":"insufficient_scope"}"#,
            "refused.insufficient_scope",
            ChangeScope,
        ),
        json(
            Api,
            403,
            r#"{"error":"access_denied"}"#,
            "refused.access_denied",
            Authorize,
        ),
        json(Api, 404, MESSAGE, "refused.not_found", ChangeRequest),
        json(Api, 409, MESSAGE, "refused.conflict", ChangeRequest),
        json(Api, 422, ERRORS, "refused.unprocessable", ChangeRequest),
        json(
            Api,
            422,
            r#"{"message":[{"code":"kanarie4711xyzzy"}]}"#,
            "refused.unprocessable",
            ChangeRequest,
        ),
        json(
            Api,
            422,
            r#"{"errors":["kanarie4711xyzzy"]}"#,
            "refused.unprocessable",
            ChangeRequest,
        ),
        page(Api, 200, "deviated.not_json", Wait),
        page(Api, 401, "deviated.not_json", Wait),
        page(Api, 403, "deviated.not_json", Wait),
        bare(Api, 401, "deviated.not_json", Wait),
        bare(Api, 403, "deviated.not_json", Wait),
        json(Api, 200, "kanarie4711xyzzy", "deviated.malformed", Report),
        json(Api, 401, "kanarie4711xyzzy", "deviated.malformed", Report),
        json(Api, 302, "{}", "deviated.status", Report),
        json(Api, 405, MESSAGE, "deviated.status", Report),
    ]
};

/// The API, with a challenge of RFC 6750 section 3, which may come without a body.
const API_CHALLENGES: &[Row] = {
    use Action::*;
    use Asked::Api;
    &[
        bare(Api, 401, "refused.unauthorized", RenewToken).challenging(BEARER),
        bare(Api, 401, "refused.invalid_token", RenewToken).challenging(INVALID_TOKEN),
        bare(Api, 401, "refused.insufficient_scope", ChangeScope).challenging(SCOPE),
        json(Api, 401, MESSAGE, "refused.invalid_token", RenewToken).challenging(INVALID_TOKEN),
        json(
            Api,
            401,
            "kanarie4711xyzzy",
            "refused.invalid_token",
            RenewToken,
        )
        .challenging(INVALID_TOKEN),
        page(Api, 401, "refused.invalid_token", RenewToken).challenging(INVALID_TOKEN),
        bare(Api, 403, "refused.forbidden", ChangeScope).challenging(BEARER),
        bare(Api, 403, "refused.insufficient_scope", ChangeScope).challenging(SCOPE),
        json(Api, 403, MESSAGE, "refused.insufficient_scope", ChangeScope).challenging(SCOPE),
        page(Api, 403, "refused.insufficient_scope", ChangeScope).challenging(SCOPE),
        bare(Api, 400, "refused.invalid_request", FixRequest)
            .challenging(r#"Bearer error="invalid_request""#),
        bare(Api, 401, "refused.unknown", FixRequest)
            .challenging(r#"Bearer error="kanarie4711xyzzy""#),
        // The body's own word comes first.
        json(
            Api,
            401,
            r#"{"error":"invalid_token"}"#,
            "refused.invalid_token",
            RenewToken,
        )
        .challenging(SCOPE),
        // No challenge for a bearer token, no grammar, or no status that challenges.
        json(Api, 403, MESSAGE, "refused.forbidden", ChangeScope)
            .challenging(r#"Basic error="invalid_token""#),
        json(Api, 403, MESSAGE, "refused.forbidden", ChangeScope)
            .challenging(r#"Bearer error="invalid_token"#),
        bare(Api, 401, "deviated.not_json", Wait).challenging("Basic"),
        json(Api, 404, MESSAGE, "refused.not_found", ChangeRequest).challenging(SCOPE),
    ]
};
