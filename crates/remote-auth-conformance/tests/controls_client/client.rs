//! A client that can be broken in one rule: right by default, and wrong in the rule of the check that it is told.
//!
//! It shares nothing with the core. It is as small as it can be and no example: it looks at its own faults all the
//! time, and a real client has a type where this has an `if`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::Serializer;
use remote_auth_conformance::judge::client::contract::{Act, Answer, Step, Token};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

use crate::http::{self, Fault, Request, Response};
use crate::{assertion, authorization};

/// How long a token is used whose answer does not say how long it lives, in seconds.
const LIFE_ASSUMED: u64 = 300;

pub(crate) struct Client {
    broken: String,
    pub(crate) pending: Option<authorization::Pending>,
    kept: Option<Token>,
    pub(crate) assertion: Option<String>,
    told: String,
}

/// A token request, but for how it is written.
pub(crate) struct Asked<'a> {
    pub(crate) grant_type: &'a str,
    pub(crate) parameters: Vec<(&'a str, String)>,
    pub(crate) basic: bool,
}

impl Client {
    /// Answers steps until there are no more, and returns what goes to standard error.
    pub(crate) async fn run(broken: String, stream: DuplexStream) -> String {
        let mut client = Self {
            broken,
            pending: None,
            kept: None,
            assertion: None,
            told: String::new(),
        };
        let (input, mut output) = tokio::io::split(stream);
        let mut lines = BufReader::new(input).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match serde_json::from_str::<Step>(&line) {
                Ok(step) => client.answer(&step).await,
                Err(_) => failed("the step cannot be read"),
            };
            let line = serde_json::to_string(&answer).expect("an answer is JSON") + "\n";
            if output.write_all(line.as_bytes()).await.is_err() {
                break;
            }
        }
        client.told
    }

    /// Tells whether the client is broken in the rule of this check.
    pub(crate) fn breaks(&self, check: &str) -> bool {
        self.broken.strip_prefix("client.") == Some(check)
    }

    async fn answer(&mut self, step: &Step) -> Answer {
        match &step.act {
            Act::ClientCredentials => self.client_credentials(step).await,
            Act::AuthorizationBegin {
                redirect_uri,
                scope,
            } => authorization::begin(self, step, redirect_uri, scope),
            Act::AuthorizationAccept { callback } => {
                authorization::accept(self, step, callback).await
            }
            Act::Refresh { refresh_token } => self.refresh(step, refresh_token).await,
            Act::JwtBearer { subject, scope } => assertion::ask(self, step, subject, scope).await,
            Act::ApiCall { url } => self.api_call(step, url).await,
            Act::Unknown => Answer::Unsupported,
        }
    }

    async fn client_credentials(&mut self, step: &Step) -> Answer {
        let mut parameters = Vec::new();
        if self.breaks("request.client-credentials-bare") {
            parameters.push(("audience", "api".to_owned()));
        }
        let grant_type = match self.breaks("flow.client-credentials") {
            true => "client_credential",
            false => "client_credentials",
        };
        self.ask(
            step,
            Asked {
                grant_type,
                parameters,
                basic: true,
            },
        )
        .await
    }

    async fn refresh(&mut self, step: &Step, refresh_token: &str) -> Answer {
        let mut parameters = vec![("refresh_token", refresh_token.to_owned())];
        if self.breaks("refresh.no-widening") {
            parameters.push(("scope", "all:write".to_owned()));
        }
        if self.breaks("request.code-verifier-alone") {
            parameters.push(("code_verifier", "v".repeat(43)));
        }
        if self.breaks("auth.secret-not-in-body") {
            parameters.push(("client_secret", step.client_secret.clone()));
        }
        let grant_type = if self.breaks("flow.refresh") {
            "refresh"
        } else {
            "refresh_token"
        };
        let basic = !self.breaks("auth.refresh");
        let mut answer = self
            .ask(
                step,
                Asked {
                    grant_type,
                    parameters,
                    basic,
                },
            )
            .await;
        if let Answer::Token(token) = &mut answer {
            let (received, sent) = (token.refresh_token.take(), Some(refresh_token.to_owned()));
            let is_same = received == sent;
            let is_null = received.as_deref() == Some("");
            let kept = received
                .clone()
                .filter(|token| !token.is_empty())
                .or(sent.clone());
            token.refresh_token = match () {
                () if self.breaks("refresh.same-kept") && is_same => None,
                () if self.breaks("refresh.none-keeps-old") => received
                    .filter(|_| !is_null)
                    .or(is_null.then(|| refresh_token.to_owned())),
                () if self.breaks("refresh.null-keeps-old") && is_null => None,
                () if self.breaks("refresh.new-replaces-old") => sent,
                () => kept,
            };
        }
        answer
    }

    async fn api_call(&mut self, step: &Step, url: &str) -> Answer {
        if http::parted(url).0 != step.gateway && !self.breaks("api.pinned-origin") {
            return failed("the address is of another server");
        }
        let attempts = if self.breaks("api.401-once") { 3 } else { 2 };
        let mut status = 0;
        for _ in 0..attempts {
            let token = match self.token(step).await {
                Ok(token) => token,
                Err(answer) => return answer,
            };
            status = match self.get(url, &token).await {
                Ok(response) => response.status,
                Err(fault) => return failed(&format!("{fault:?}")),
            };
            if status == 403 && self.breaks("api.403-not-repeated") {
                continue;
            }
            if status != 401 {
                break;
            }
            self.kept = None;
        }
        Answer::Answered { status }
    }

    /// Returns the kept token, or asks for one.
    async fn token(&mut self, step: &Step) -> Result<String, Answer> {
        if let Some(token) = &self.kept {
            return Ok(token.access_token.clone());
        }
        match self.client_credentials(step).await {
            Answer::Token(token) => {
                let text = token.access_token.clone();
                let lives = token.expires_in != Some(0) || self.breaks("token.ended-not-used");
                self.kept = Some(token).filter(|_| lives && !self.breaks("token.cached"));
                Ok(text)
            }
            other => Err(other),
        }
    }

    async fn get(&self, url: &str, token: &str) -> Result<Response, Fault> {
        let scheme = if self.breaks("flow.api-call") {
            "Token"
        } else {
            "Bearer"
        };
        let mut headers = vec![format!("authorization: {scheme} {token}")];
        if self.breaks("api.one-method") {
            headers.push(headers[0].clone());
        }
        if self.breaks("api.no-cookie") {
            headers.push(format!("cookie: token={token}"));
        }
        let query = if self.breaks("api.not-in-query") {
            format!("?access_token={token}")
        } else {
            String::new()
        };
        let request = Request {
            method: "GET",
            url: format!("{url}{query}"),
            headers,
            body: String::new(),
        };
        self.send(request, self.breaks("redirect.bearer-stays"))
            .await
    }

    async fn send(&self, mut request: Request, follows: bool) -> Result<Response, Fault> {
        let response = http::send(&request, !self.breaks("answer.endless")).await?;
        match response.header("location") {
            Some(to) if follows && (300..400).contains(&response.status) => {
                request.url = to.to_owned();
                http::send(&request, true).await
            }
            _ => Ok(response),
        }
    }

    /// Asks the token endpoint.
    pub(crate) async fn ask(&mut self, step: &Step, asked: Asked<'_>) -> Answer {
        let mut response = self.request(step, &asked).await;
        if self.tries_again(&response, &asked) {
            response = self.request(step, &asked).await;
        }
        let answer = match response {
            Ok(response) => self.judge(&response, &asked),
            Err(Fault::Cut)
                if self.breaks("answer.cut") && asked.grant_type == "client_credentials" =>
            {
                Answer::Token(Token::default())
            }
            Err(fault) => failed(&format!("{fault:?}")),
        };
        if let (true, Answer::Token(token)) = (self.breaks("discretion.success"), &answer) {
            self.told.push_str(&format!("got {}\n", token.access_token));
        }
        answer
    }

    /// A client that is right never does.
    fn tries_again(&self, response: &Result<Response, Fault>, asked: &Asked<'_>) -> bool {
        let of_code = asked.grant_type == "authorization_code";
        match response {
            Err(Fault::Reset) => of_code && self.breaks("code.once-after-reset"),
            Err(Fault::Cut) => of_code && self.breaks("code.once-after-cut"),
            Err(Fault::TooLarge) => false,
            Ok(response) if response.status == 429 => {
                let told = |name| response.header(name).is_some();
                told("retry-after") && self.breaks("rate.retry-after")
                    || told("x-ratelimit-reset") && self.breaks("rate.reset-header")
            }
            Ok(response) if response.status >= 500 => {
                of_code && self.breaks("code.once-after-failing")
            }
            Ok(response) if response.status >= 400 => {
                of_code && self.breaks("code.once-after-refusal")
                    || asked.grant_type == "refresh_token" && self.breaks("refresh.refused-once")
            }
            Ok(_) => false,
        }
    }

    /// Writes the body, and says of what type it is.
    fn body(&self, asked: &Asked<'_>) -> (&'static str, String) {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", asked.grant_type);
        if self.breaks("request.no-repeats") {
            form.append_pair("grant_type", asked.grant_type);
        }
        form.extend_pairs(&asked.parameters);
        let body = form.finish();
        if self.breaks("request.form") {
            let pairs = form_urlencoded::parse(body.as_bytes());
            let members = pairs.map(|(name, value)| (name.into_owned(), value.into()));
            return (
                "application/json",
                Value::Object(members.collect()).to_string(),
            );
        }
        ("application/x-www-form-urlencoded", body)
    }

    async fn request(&self, step: &Step, asked: &Asked<'_>) -> Result<Response, Fault> {
        let (media_type, body) = self.body(asked);
        let mut headers = vec![format!("content-type: {media_type}")];
        if asked.basic {
            headers.push(self.basic(step));
        }
        let path = if self.breaks("request.path") {
            "/oauth2/token"
        } else {
            "/auth/oauth2/token"
        };
        let query = if self.breaks("request.nothing-in-query") {
            "?client=1"
        } else {
            ""
        };
        let request = Request {
            method: if self.breaks("request.post") {
                "PUT"
            } else {
                "POST"
            },
            url: format!("{}{path}{query}", step.gateway),
            headers,
            body,
        };
        let follows = match asked.grant_type {
            "client_credentials" => self.breaks("redirect.credentials-stay"),
            "refresh_token" => self.breaks("redirect.refresh-token-stays"),
            _ => false,
        };
        self.send(request, follows).await
    }

    fn basic(&self, step: &Step) -> String {
        let encode =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let (mut id, mut secret) = (encode(&step.client_id), encode(&step.client_secret));
        if self.breaks("auth.basic-encoding") {
            (id, secret) = (encode(&id), encode(&secret));
        }
        format!(
            "authorization: Basic {}",
            STANDARD.encode(format!("{id}:{secret}"))
        )
    }

    fn judge(&mut self, response: &Response, asked: &Asked<'_>) -> Answer {
        let is_json = response
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"));
        let found = match response.body.find('{').zip(response.body.rfind('}')) {
            Some((start, end)) if self.breaks("answer.html") => &response.body[start..=end],
            _ if is_json => &response.body,
            _ => return failed("the answer is no JSON"),
        };
        // Numbers that no type holds are kept as text by nobody; such an answer is not JSON to this reader.
        let Ok(Value::Object(members)) = serde_json::from_str::<Value>(found) else {
            if self.breaks("discretion.rubbish") {
                return failed(&format!("cannot read {}", response.body));
            }
            let absurd = self.breaks("answer.life-absurd") && response.body.contains("1e400");
            return if absurd {
                used_for(u64::MAX)
            } else {
                failed("the answer cannot be read")
            };
        };
        let members = Value::Object(members);
        let error = members["error"].as_str();
        if self.breaks("discretion.refusal") {
            self.told
                .push_str(members["error_description"].as_str().unwrap_or_default());
        }
        let failing = response.status >= 500 || response.status == 429;
        if failing && !(self.breaks("answer.failing-is-no-verdict") && error.is_some()) {
            return failed("the server cannot answer now");
        }
        match (response.status, error) {
            (200, Some(_)) if self.breaks("answer.error-wins") => self.success(&members, asked),
            (_, Some(error)) => self.refused(error),
            (200, None) => self.success(&members, asked),
            (400..500, None) if !self.breaks("answer.message-told") => Answer::Refused {
                error: "unnamed".to_owned(),
            },
            _ => failed("the status is not documented"),
        }
    }

    fn refused(&self, error: &str) -> Answer {
        let fits = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
        if self.breaks("answer.error-told") {
            return failed("the server said no");
        }
        let error = match error.chars().all(fits) || self.breaks("answer.error-characters") {
            true => error.to_owned(),
            false => "unknown".to_owned(),
        };
        Answer::Refused { error }
    }

    fn success(&self, members: &Value, asked: &Asked<'_>) -> Answer {
        const KNOWN: [&str; 7] = [
            "access_token",
            "token_type",
            "expires_in",
            "refresh_token",
            "scope",
            "company_id",
            "user_id",
        ];
        let text = |name: &str| members[name].as_str().map(str::to_owned);
        let mut names = members
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str());
        if self.breaks("answer.unknown-members") && names.any(|name| !KNOWN.contains(&name)) {
            return failed("there is a member that is not known");
        }
        let kind = text("token_type").unwrap_or_default();
        let known = match self.breaks("answer.token-type-any-case") {
            true => kind == "Bearer",
            false => kind.eq_ignore_ascii_case("bearer"),
        };
        if !known && !self.breaks("answer.unknown-type") {
            return failed("the token is of an unknown type");
        }
        let Some(access_token) =
            text("access_token").or(self.breaks("answer.no-access-token").then(String::new))
        else {
            return failed("there is no token");
        };
        let granted = match asked
            .parameters
            .iter()
            .find(|(name, _)| *name == "assertion")
        {
            Some(_) if self.breaks("answer.granted-scope") => {
                Some("timeoff:read timeoff:write".to_owned())
            }
            _ => text("scope"),
        };
        let with_ids = !self.breaks("flow.ids-kept");
        Answer::Token(Token {
            access_token,
            expires_in: Some(self.life(&members["expires_in"])),
            refresh_token: members
                .get("refresh_token")
                .map(|token| token.as_str().unwrap_or_default().to_owned()),
            scope: granted,
            company_id: text("company_id").filter(|_| with_ids),
            user_id: text("user_id").filter(|_| with_ids),
        })
    }

    fn life(&self, member: &Value) -> u64 {
        match member.as_u64() {
            Some(life) if life > 0 && self.breaks("answer.life-believed") => life.max(7200),
            Some(life) => life.min(86_400),
            None if member.is_null() && self.breaks("answer.life-missing") => 315_360_000,
            None if member.is_null() => LIFE_ASSUMED,
            None if self.breaks("answer.life-absurd") => u64::MAX,
            None => 0,
        }
    }
}

fn used_for(expires_in: u64) -> Answer {
    let document = json!({"outcome": "token", "access_token": "a-token", "expires_in": expires_in});
    serde_json::from_value(document).expect("an answer")
}

pub(crate) fn failed(reason: &str) -> Answer {
    Answer::Failed {
        reason: reason.to_owned(),
    }
}
