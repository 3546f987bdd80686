//! One probe: a server by script, a run of the client, and the evidence of both.

use std::time::Duration;

use super::Client;
use super::contract::{Act, Answer, Step, Token};
use super::server::{Log, Reply, Request, Script, Server, locked, note, parted};
use super::session::{Session, Silence};
use crate::judge::check::{Examination, Objection};
use crate::judge::evidence::Record;
use crate::mark::MARK;

/// The identifier that the suite invents.
pub(super) const CLIENT_ID: &str = "client-of-the-suite";
/// The secret that the suite invents: 256 bits and more, as a key for HS256 has to have.
pub(super) const CLIENT_SECRET: &str = "secret-kanarie4711xyzzy-0123456789";
/// The redirection URI, which is not a normal form: whoever writes it anew changes it.
pub(super) const REDIRECT_URI: &str = "http://127.0.0.1:8787/callback?keep=a%2fb";
/// The documented scope of a consent.
pub(super) const CONSENT_SCOPE: &str = "https://gateway.remote.com/company.manage";
/// What an assertion asks for.
pub(super) const SCOPE: &str = "timeoff:read timeoff:write";
/// Whom an assertion is for.
pub(super) const SUBJECT: &str =
    "urn:remote-api:employee:employment:99bf04d8-2b43-11f0-8cf4-d38ed3edc31e";
/// The code of a callback, with letters that a form has to escape.
pub(super) const CODE: &str = "code-kanarie4711xyzzy+/=&%";
/// The same in an address.
pub(super) const CODE_ESCAPED: &str = "code-kanarie4711xyzzy%2B%2F%3D%26%25";
/// The refresh token that the suite invents.
pub(super) const REFRESH_TOKEN: &str = "refresh-kanarie4711xyzzy-0";
/// The company of every consent.
pub(super) const COMPANY: &str = "company-of-the-suite";
/// The user of every consent.
pub(super) const USER: &str = "user-of-the-suite";

/// Returns the access token of a token request, by how many came before.
pub(super) fn access_token(before: usize) -> String {
    format!("access-{MARK}-{before}")
}

/// Answers a token request as documented.
pub(super) fn good(request: &Request, before: usize) -> Reply {
    let token = access_token(before);
    let base = format!(r#""access_token":"{token}","token_type":"Bearer","expires_in":3600"#);
    let refresh = format!(r#""refresh_token":"{REFRESH_TOKEN}""#);
    let more = match request.parameter("grant_type").as_deref() {
        Some("authorization_code") => {
            format!(r#",{refresh},"company_id":"{COMPANY}","user_id":"{USER}""#)
        }
        Some("refresh_token") => format!(",{refresh}"),
        _ => String::new(),
    };
    Reply::json(200, &format!("{{{base}{more}}}"))
}

/// Answers an API request as documented.
pub(super) fn served(_: &Request, _: usize) -> Reply {
    Reply::json(200, r#"{"data":{}}"#)
}

/// A server that does everything right.
pub(super) fn right() -> Script {
    Script::new(good, served)
}

/// A server that answers token requests by script, and its API rightly.
pub(super) fn tokens(says: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Script {
    Script::new(says, served)
}

/// A client and a server, and what they do with each other. The evidence is kept however the probe ends.
pub(super) struct Probe<'a> {
    record: &'a mut Record,
    log: Log,
    session: Option<Session>,
    pub(super) server: Server,
    patience: Duration,
    /// What each step tells the client, but for the act.
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) issuer: Option<String>,
}

/// What was seen from the beginning of a probe to its end.
pub(super) struct Seen {
    /// The token requests, in order.
    pub(super) tokens: Vec<Request>,
    /// The other requests, in order.
    pub(super) api: Vec<Request>,
    /// What the client said on standard error; nothing is known of one that had to be ended.
    pub(super) told: Option<String>,
}

impl<'a> Probe<'a> {
    pub(super) async fn start(
        client: &Client,
        record: &'a mut Record,
        script: Script,
    ) -> Result<Self, Objection> {
        Self::with_log(client, record, script, Log::default()).await
    }

    /// Starts beside another server, where nothing secret has any business; the script is told its address.
    pub(super) async fn start_beside(
        client: &Client,
        record: &'a mut Record,
        script: impl FnOnce(String) -> Script,
    ) -> Result<(Self, Server), Objection> {
        let log = Log::default();
        let other = Server::start(right(), &log).await.map_err(|_| no_port())?;
        let script = script(other.gateway());
        Ok((Self::with_log(client, record, script, log).await?, other))
    }

    async fn with_log(
        client: &Client,
        record: &'a mut Record,
        script: Script,
        log: Log,
    ) -> Result<Self, Objection> {
        record.mask.learn(MARK);
        let server = Server::start(script, &log).await.map_err(|_| no_port())?;
        let session = Session::start(&client.reach).map_err(|error| {
            Objection::CouldNotRun(format!(
                "the command could not be started: {}",
                error.kind()
            ))
        })?;
        Ok(Self {
            record,
            log,
            session: Some(session),
            server,
            patience: client.patience,
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            issuer: None,
        })
    }

    async fn put(&mut self, act: Act) -> Result<Answer, Silence> {
        let step = Step {
            act,
            gateway: self.server.gateway(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            issuer: self.issuer.clone(),
        };
        let session = self.session.as_mut().ok_or(Silence::Ended)?;
        let answer = session.ask(&step, self.patience).await;
        let asked = serde_json::to_string(&step).expect("a step has text keys only");
        let said = match &answer {
            Ok(answer) => serde_json::to_string(answer).expect("an answer has text keys only"),
            Err(silence) => format!("[{}]", silence.shown()),
        };
        note(&self.log, format!("to the client: {asked}"), said);
        answer
    }

    /// Puts a step to the client.
    pub(super) async fn ask(&mut self, act: Act) -> Result<Answer, Objection> {
        match self.put(act).await {
            Ok(Answer::Unsupported) => Err(unsupported()),
            Ok(answer) => Ok(answer),
            Err(silence) => Err(Objection::CouldNotRun(silence.shown().to_owned())),
        }
    }

    /// Puts a step to a client that may well wait for longer than the suite does.
    pub(super) async fn ask_or_leave(&mut self, act: Act) -> Result<(), Objection> {
        match self.put(act).await {
            Ok(Answer::Unsupported) => Err(unsupported()),
            Ok(_) | Err(Silence::TooLong) => Ok(()),
            Err(silence) => Err(Objection::CouldNotRun(silence.shown().to_owned())),
        }
    }

    /// Puts a step whose answer has to come, whatever the server said to the client.
    pub(super) async fn ask_surviving(&mut self, act: Act) -> Result<Answer, Objection> {
        match self.put(act).await {
            Ok(Answer::Unsupported) => Err(unsupported()),
            Ok(answer) => Ok(answer),
            Err(silence) => Err(Objection::NotMet(silence.shown().to_owned())),
        }
    }

    /// Begins an authorization, and returns its address.
    pub(super) async fn begin(&mut self) -> Result<Address, Objection> {
        let begin = Act::AuthorizationBegin {
            redirect_uri: REDIRECT_URI.to_owned(),
            scope: CONSENT_SCOPE.to_owned(),
        };
        match self.ask(begin).await? {
            Answer::Began { url } => Ok(Address { url }),
            other => Err(unexpected(&other)),
        }
    }

    /// Lets the browser arrive at an address.
    pub(super) async fn accept(&mut self, callback: String) -> Result<Answer, Objection> {
        self.ask(Act::AuthorizationAccept { callback }).await
    }

    /// Begins an authorization, and answers it rightly.
    pub(super) async fn login(&mut self) -> Result<Answer, Objection> {
        let address = self.begin().await?;
        let callback = address.answered_with(&format!("code={CODE_ESCAPED}"));
        self.accept(callback).await
    }

    /// Ends the client, then the server, and returns what was seen.
    pub(super) async fn finish(&mut self) -> Result<Seen, Objection> {
        let told = match self.session.take() {
            Some(session) => session.end(self.patience).await,
            None => None,
        };
        if let Some(told) = told.as_ref().filter(|told| !told.is_empty()) {
            let place = "the client, on standard error".to_owned();
            note(&self.log, place, told.clone());
        }
        let (tokens, api) = parted(stopped(&mut self.server).await?);
        Ok(Seen { tokens, api, told })
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        for (request, answer) in locked(&self.log).drain(..) {
            self.record.keep(&request, &answer);
        }
    }
}

/// The address of an authorization request.
pub(super) struct Address {
    pub(super) url: String,
}

impl Address {
    /// Returns the parameters, in order.
    pub(super) fn parameters(&self) -> Vec<(String, String)> {
        let url = self.url.split('#').next().unwrap_or_default();
        let query = url
            .split_once('?')
            .map(|(_, query)| query)
            .unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }

    /// Returns a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let mut parameters = self.parameters().into_iter();
        parameters.find_map(|(known, value)| (known == name).then_some(value))
    }

    /// Returns the state, escaped.
    pub(super) fn state(&self) -> String {
        let state = self.parameter("state").unwrap_or_default();
        form_urlencoded::byte_serialize(state.as_bytes()).collect()
    }

    /// Returns the callback with the right state and more parameters.
    pub(super) fn answered_with(&self, parameters: &str) -> String {
        format!("{REDIRECT_URI}&{parameters}&state={}", self.state())
    }
}

/// Stops a server, and returns what came to it.
pub(super) async fn stopped(server: &mut Server) -> Result<Vec<Request>, Objection> {
    server.stop().await.map_err(|_| no_port())
}

fn no_port() -> Objection {
    Objection::CouldNotRun("no port on loopback is to be had".to_owned())
}

fn unsupported() -> Objection {
    Objection::Skipped("the client does not support the step".to_owned())
}

/// Objects to an answer of the wrong kind.
pub(super) fn unexpected(answer: &Answer) -> Objection {
    Objection::NotMet(format!("the client answered: {}", answer.shown()))
}

/// Demands a token.
pub(super) fn token(answer: Answer) -> Result<Token, Objection> {
    match answer {
        Answer::Token(token) => Ok(token),
        other => Err(unexpected(&other)),
    }
}

/// Demands that there is no token.
pub(super) fn no_token(answer: &Answer) -> Examination {
    match answer {
        Answer::Token(_) => Err(unexpected(answer)),
        _ => Ok(()),
    }
}

/// Demands a number of requests.
pub(super) fn count(requests: &[Request], most: usize, what: &str) -> Examination {
    crate::judge::demand(requests.len() <= most, || {
        format!("{} {what} came", requests.len())
    })
}

/// Runs every flow that the client supports against a server that does everything right, and returns the token
/// requests.
pub(super) async fn every_grant(
    client: &Client,
    record: &mut Record,
) -> Result<Vec<Request>, Objection> {
    let mut probe = Probe::start(client, record, right()).await?;
    let mut outcomes = Vec::new();
    for act in [Act::ClientCredentials, refresh(), assertion()] {
        outcomes.push(probe.ask(act).await.err());
    }
    outcomes.push(probe.login().await.err());
    let requests = probe.finish().await?.tokens;
    if !requests.is_empty() {
        return Ok(requests);
    }
    let objection = outcomes.into_iter().flatten().next();
    Err(objection.unwrap_or_else(|| Objection::NotMet("no token request came".to_owned())))
}

/// Runs one step against a server that does everything right, and returns its token request.
pub(super) async fn one(
    client: &Client,
    record: &mut Record,
    act: Act,
) -> Result<Request, Objection> {
    let mut probe = Probe::start(client, record, right()).await?;
    probe.ask(act).await?;
    first(probe.finish().await?.tokens)
}

/// Demands a request.
pub(super) fn first(requests: Vec<Request>) -> Result<Request, Objection> {
    let first = requests.into_iter().next();
    first.ok_or_else(|| Objection::NotMet("no request came".to_owned()))
}

/// The step that refreshes.
pub(super) fn refresh() -> Act {
    Act::Refresh {
        refresh_token: REFRESH_TOKEN.to_owned(),
    }
}

/// The step that asserts.
pub(super) fn assertion() -> Act {
    Act::JwtBearer {
        subject: SUBJECT.to_owned(),
        scope: SCOPE.to_owned(),
    }
}
