//! One check's conversation with the server: what is sent, what is kept of it, and how codes and tokens are come by.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::HeaderValue;
use ring::digest::{SHA256, digest};
use serde_json::Value;
use url::Url;

use super::page::Form;
use super::secret::open;
use super::subject::{Server, Site};
use super::wire::{Answer, Ask, encoded};
use crate::judge::{Examination, Objection, Record};

pub(super) const CLIENT_CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The operation that answers whoever has any token at all.
pub(super) const IDENTITY: &str = "/identity/current";

/// The most of a body that is read.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// How long to wait for a server that refuses for now and does not say how long: its documented window.
const WINDOW: Duration = Duration::from_secs(60);

/// The longest that a server is waited for.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// How often a browser is sent on within the server before somebody is asked or it is sent away.
const HOPS_MAX: usize = 10;

/// What a partner asks of a company by its documents.
const CONSENT_SCOPE: &str = "https://gateway.remote.com/company.manage";

/// The proof key of every code, unless a check has one of its own; a server that has no use for it passes it over.
pub(super) const VERIFIER: &str = "a-verifier-that-is-long-enough-and-made-for-this-judge-0";

/// The members of answers that must not be shown.
const SECRET_MEMBERS: &[&str] = &["access_token", "refresh_token", "signing_key", "url"];

/// What a company granted.
pub(super) struct Granted {
    pub(super) access_token: String,
    refresh_token: Option<String>,
    user_id: Option<String>,
}

impl Granted {
    pub(super) fn refresh_token(&self) -> Result<&str, Objection> {
        let missing = || in_the_way("no refresh token came with the code");
        self.refresh_token.as_deref().ok_or_else(missing)
    }

    pub(super) fn user_id(&self) -> Result<&str, Objection> {
        let missing = || in_the_way("the answer to the code names no user");
        self.user_id.as_deref().ok_or_else(missing)
    }
}

/// Says that the question could not be put.
pub(super) fn in_the_way(reason: impl Into<String>) -> Objection {
    Objection::CouldNotRun(reason.into())
}

/// A conversation of one check.
pub(super) struct Talk<'a> {
    pub(super) server: &'a Server,
    record: &'a mut Record,
    /// What the browser of the last authorization request was told to bring back.
    cookies: Vec<(String, String)>,
}

impl<'a> Talk<'a> {
    pub(super) fn new(server: &'a Server, record: &'a mut Record) -> Self {
        Self {
            server,
            record,
            cookies: Vec::new(),
        }
    }

    /// Returns the gateway that is judged.
    pub(super) fn home(&self) -> &'a Site {
        &self.server.home
    }

    /// Returns the address of a platform operation; a server that has none of them makes the question moot.
    pub(super) async fn api(&mut self, path: &str) -> Result<String, Objection> {
        let has = match self.server.platform.get() {
            Some(has) => *has,
            None => {
                let ask = Ask::get(self.home().api(IDENTITY));
                let has = !self.send(&ask).await?.is(404);
                *self.server.platform.get_or_init(|| has)
            }
        };
        if !has {
            let moot =
                format!("the server has no platform operations: {IDENTITY} is 404 to whoever asks");
            return Err(Objection::Skipped(moot));
        }
        Ok(self.home().api(path))
    }

    /// Sends an authorization request as a new browser does: with the server's own cookies, and on to wherever it is
    /// sent within the server, until somebody is asked or it is sent away.
    ///
    /// A browser that nobody lets consent goes nowhere by itself.
    pub(super) async fn browse(&mut self, ask: &Ask) -> Result<Answer, Objection> {
        self.cookies.clear();
        let mut answer = self.visit(ask.clone()).await?;
        for _ in 0..HOPS_MAX {
            let Some(next) = self.next_hop(&answer) else {
                return Ok(answer);
            };
            answer = self.visit(Ask::get(next)).await?;
        }
        Err(in_the_way("the server sends the browser round and round"))
    }

    fn next_hop(&self, answer: &Answer) -> Option<Url> {
        let next = answer.location().filter(|_| self.server.consents)?;
        let here = Url::parse(&answer.url).ok()?;
        let stays = next.origin() == here.origin() && !answer.leads_to(&self.server.redirect_uri);
        stays.then_some(next)
    }

    /// Sends a browser's request, with cookies.
    async fn visit(&mut self, mut ask: Ask) -> Result<Answer, Objection> {
        if !self.cookies.is_empty() {
            let pairs = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            ask = ask.header("cookie", pairs.collect::<Vec<_>>().join("; "));
        }
        let answer = self.send(&ask).await?;
        for (name, value) in answer.cookies() {
            self.cookies.retain(|(kept, _)| kept != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(answer)
    }

    /// Sends a request and returns its answer; waits where the server says that it is too much for now.
    pub(super) async fn send(&mut self, ask: &Ask) -> Result<Answer, Objection> {
        let mut answer = self.send_at_once(ask).await?;
        if answer.is(429) {
            self.keep(ask, &answer);
            self.wait_for(&answer).await?;
            answer = self.send_at_once(ask).await?;
        }
        self.keep(ask, &answer);
        if answer.is(429) {
            return Err(in_the_way(
                "the server refuses requests beyond its rate limit",
            ));
        }
        if answer.header("x-ratelimit-remaining") == Some("0") {
            self.wait_for(&answer).await?;
        }
        Ok(answer)
    }

    /// Sends a request whatever limits there are, and keeps nothing of it.
    pub(super) async fn send_at_once(&mut self, ask: &Ask) -> Result<Answer, Objection> {
        let http = &self.server.http;
        let mut request = http.request(ask.method.clone(), &ask.url);
        for (name, value) in &ask.headers {
            let value = HeaderValue::from_str(value);
            let mut value = value.map_err(|_| in_the_way("a credential fits no header"))?;
            value.set_sensitive(*name == "authorization");
            request = request.header(*name, value);
        }
        let request = request.body(ask.body.clone());
        let mut response = request.send().await.map_err(|error| no_answer(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while body.len() < BODY_BYTES_MAX
            && let Some(chunk) = response.chunk().await.map_err(|error| no_answer(&error))?
        {
            body.extend_from_slice(&chunk);
        }
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer {
            url: ask.url.clone(),
            status,
            headers,
            body,
        })
    }

    /// Keeps an exchange, and learns what in the answer must not be shown.
    pub(super) fn keep(&mut self, ask: &Ask, answer: &Answer) {
        learn_members(&answer.json(), &mut |secret| self.record.mask.learn(secret));
        if let Some(code) = answer.told("code") {
            self.record.mask.learn(&code);
        }
        self.record.keep(&ask.shown(), &answer.shown());
    }

    async fn wait_for(&self, answer: &Answer) -> Examination {
        let number = |name| answer.header(name).and_then(|text| text.parse().ok());
        let wait = number("retry-after")
            .map(Duration::from_secs)
            .or_else(|| number("x-ratelimit-reset").map(Duration::from_millis))
            .unwrap_or(WINDOW);
        if wait > WAIT_MAX {
            let (wait, max) = (wait.as_secs(), WAIT_MAX.as_secs());
            return Err(in_the_way(format!(
                "the server asks to wait for {wait} s, which is more than {max} s"
            )));
        }
        self.server.rest(wait).await;
        Ok(())
    }

    /// A token request of the client.
    pub(super) fn token_request(&self, form: &[(&str, &str)]) -> Ask {
        Ask::form(&self.home().token_endpoint, form).basic(&self.server.client)
    }

    /// Redeems a code, with the redirection URI and the verifier of its request unless others are named.
    pub(super) fn redemption(&self, code: &str, more: &[(&str, &str)]) -> Ask {
        let own = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.server.redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        self.token_request(&with(&own, more))
    }

    /// Asks for a new token by a refresh token.
    pub(super) fn refresh(&self, refresh_token: &str, more: &[(&str, &str)]) -> Ask {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        self.token_request(&[&form[..], more].concat())
    }

    /// An authorization request of the client.
    pub(super) fn authorization_request(&self, more: &[(&str, &str)]) -> Ask {
        self.authorization_request_at(self.home(), more)
    }

    /// An authorization request without PKCE.
    pub(super) fn unchallenged_request(&self) -> Ask {
        let ask = self.authorization_request(&[]).omitting("code_challenge");
        ask.omitting("code_challenge_method")
    }

    fn authorization_request_at(&self, site: &Site, more: &[(&str, &str)]) -> Ask {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let own = [
            ("response_type", "code"),
            ("client_id", &self.server.client.id),
            ("redirect_uri", &self.server.redirect_uri),
            ("scope", CONSENT_SCOPE),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let query = encoded(&with(&own, more));
        Ask::get(format!("{}?{query}", site.authorization_endpoint))
    }

    /// Obtains a token of the client itself.
    pub(super) async fn partner_token(&mut self) -> Result<String, Objection> {
        let ask = self.token_request(&[CLIENT_CREDENTIALS]);
        self.access_token(&ask).await
    }

    /// Obtains an access token by a request that has to succeed for the question to be put.
    pub(super) async fn access_token(&mut self, ask: &Ask) -> Result<String, Objection> {
        let answer = self.send(ask).await?;
        let token = answer.text("/access_token").filter(|_| answer.is(200));
        token.ok_or_else(|| in_the_way(format!("no token was given: {}", answer.outline())))
    }

    /// Brings an authorization request to the point where a company's manager is asked.
    ///
    /// Returns the form, and where its answer goes; a server that asks nobody makes the question moot.
    pub(super) async fn consent_form(
        &mut self,
        more: &[(&str, &str)],
    ) -> Result<(Form, Url), Objection> {
        let answer = self.browse(&self.authorization_request(more)).await?;
        if answer.leads_to(&self.server.redirect_uri) {
            let moot = "the server consents without asking, so there is no consent page";
            return Err(Objection::Skipped(moot.to_owned()));
        }
        self.read_form(self.home(), &answer)
    }

    fn read_form(&mut self, site: &Site, answer: &Answer) -> Result<(Form, Url), Objection> {
        if !self.server.consents {
            let person = "a person has to consent, and the judge was not told to do it for them";
            return Err(Objection::Skipped(person.to_owned()));
        }
        let form = Form::read(&answer.body).filter(|_| answer.is(200));
        let form =
            form.ok_or_else(|| in_the_way(format!("no consent page came: {}", answer.outline())))?;
        for hidden in form.hidden() {
            self.record.mask.learn(hidden);
        }
        let here = Url::parse(&site.authorization_endpoint).expect("the endpoint was read before");
        let action = here.join(&form.action).ok();
        // Nothing is sent to a place that a page invents.
        let action = action.filter(|action| action.origin() == here.origin());
        let action =
            action.ok_or_else(|| in_the_way("the consent page leads to another server"))?;
        Ok((form, action))
    }

    /// Presses a button of a consent form.
    pub(super) async fn press(
        &mut self,
        (form, action): &(Form, Url),
        button: &str,
    ) -> Result<Answer, Objection> {
        let missing = || in_the_way(format!("the consent page has no button to {button}"));
        let pairs = form.pressed(button).ok_or_else(missing)?;
        self.visit(Ask::form(action.as_str(), &pairs)).await
    }

    /// Sends an authorization request and approves it, and returns the redirect.
    pub(super) async fn approved(&mut self, more: &[(&str, &str)]) -> Result<Answer, Objection> {
        self.approved_at(self.home(), &self.authorization_request(more))
            .await
    }

    /// Sends this authorization request of any gateway and approves it, and returns the redirect.
    pub(super) async fn approved_at(
        &mut self,
        site: &Site,
        ask: &Ask,
    ) -> Result<Answer, Objection> {
        let answer = self.browse(ask).await?;
        if answer.leads_to(&self.server.redirect_uri) {
            return Ok(answer);
        }
        let form = self.read_form(site, &answer)?;
        self.press(&form, "approve").await
    }

    /// Obtains a code.
    pub(super) async fn code(&mut self, more: &[(&str, &str)]) -> Result<String, Objection> {
        self.code_at(self.home(), more).await
    }

    /// Obtains a code of any gateway.
    pub(super) async fn code_at(
        &mut self,
        site: &Site,
        more: &[(&str, &str)],
    ) -> Result<String, Objection> {
        let ask = self.authorization_request_at(site, more);
        let answer = self.approved_at(site, &ask).await?;
        let code = answer.callback("code");
        code.ok_or_else(|| in_the_way(format!("no code was given: {}", answer.outline())))
    }

    /// Obtains what a consenting company grants.
    pub(super) async fn company(&mut self, more: &[(&str, &str)]) -> Result<Granted, Objection> {
        self.company_at(self.home(), more).await
    }

    /// Obtains what a company grants that consents to a part only.
    ///
    /// A server that grants the whole and not this part has other scopes than Remote, which makes the question moot.
    pub(super) async fn company_of_scope(&mut self, scope: &str) -> Result<Granted, Objection> {
        let granted = self.company(&[("scope", scope)]).await;
        if matches!(granted, Err(Objection::CouldNotRun(_))) && self.company(&[]).await.is_ok() {
            let moot = format!("the server grants no scope {scope}");
            return Err(Objection::Skipped(moot));
        }
        granted
    }

    /// Obtains the same at any gateway.
    pub(super) async fn company_at(
        &mut self,
        site: &Site,
        more: &[(&str, &str)],
    ) -> Result<Granted, Objection> {
        let code = self.code_at(site, more).await?;
        let mut ask = self.redemption(&code, &[]);
        ask.url.clone_from(&site.token_endpoint);
        let answer = self.send(&ask).await?;
        let token = answer.text("/access_token").filter(|_| answer.is(200));
        let no_token = || in_the_way(format!("a code gave no token: {}", answer.outline()));
        Ok(Granted {
            access_token: token.ok_or_else(no_token)?,
            refresh_token: answer.text("/refresh_token"),
            user_id: answer.text("/user_id"),
        })
    }

    /// Obtains a refresh token: the one that was given to the judge, or that of a new consent.
    pub(super) async fn refresh_token(&mut self) -> Result<String, Objection> {
        match &self.server.refresh_token {
            Some(token) => Ok(open(token).to_owned()),
            None => Ok(self.company(&[]).await?.refresh_token()?.to_owned()),
        }
    }
}

/// Puts what is usual before what is asked for, which takes the place of what is usual.
fn with<'a>(usual: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = |(name, _): &&(&str, &str)| more.iter().all(|(other, _)| other != name);
    let usual = usual.iter().filter(kept);
    usual.chain(more).copied().collect()
}

/// Visits the text of every member that must not be shown, at any depth.
fn learn_members(value: &Value, learn: &mut impl FnMut(&str)) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| learn_members(one, learn)),
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str() {
                    Some(secret) if SECRET_MEMBERS.contains(&name.as_str()) => learn(secret),
                    _ => learn_members(value, learn),
                }
            }
        }
        _ => {}
    }
}

/// Says that nothing came back, and why as far as it is known.
fn no_answer(error: &reqwest::Error) -> Objection {
    in_the_way(if error.is_timeout() {
        "no answer came in time"
    } else if error.is_connect() {
        "nobody could be reached at this address"
    } else {
        "the connection broke before the answer was whole"
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_found_in_an_answer_at_any_depth() {
        let answer = json!({
            "access_token": "a", "name": "n",
            "data": { "tokens": [{ "refresh_token": "r" }], "url": "u", "id": 7 },
        });
        let mut learnt = Vec::new();
        learn_members(&answer, &mut |secret| learnt.push(secret.to_owned()));
        learnt.sort();
        assert_eq!(learnt, ["a", "r", "u"]);
    }
}
