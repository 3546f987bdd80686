//! `remote-auth magic-link create`: a link that signs one person in.

use remote_auth::error::Misuse;
use remote_auth::platform::MagicLink;
use remote_auth::secrecy::ExposeSecret;
use remote_auth::secrecy::zeroize::Zeroizing;
use remote_auth::{Error, Principal, RefreshToken, Subject};
use remote_oauth_client::Secret;
use serde::Serialize;

use crate::answer;
use crate::args::{CompanyFlow, MagicLinkCreateArgs};
use crate::cmd_scopes::explained;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, SCHEMA};
use crate::session::{self, Session};

/// What an assertion asks for to make a link: no more than that takes.
const SCOPE: &str = "magic_link:write";

/// Makes the link and prints it.
pub(crate) async fn create(args: &MagicLinkCreateArgs) -> Result<(), Failure> {
    let by_assertion = args.flow == CompanyFlow::Assertion;
    session::only_for_assertions(args.subject.is_some(), by_assertion)?;
    let link = described(args)?;
    let (environment, patience) = (args.api.place.environment()?, &args.api.patience);
    let session = if by_assertion {
        let subject = Subject::parse(args.subject.as_deref().unwrap_or_default())?;
        if subject.principal() != Principal::CompanyManager {
            return Err(Error::from(Misuse::CompanyOnly).into());
        }
        Session::user(subject, SCOPE.parse()?, environment, patience)?
    } else {
        Session::company(environment, patience)?
    };
    let platform = session.client.platform(session.source.clone());
    let url = args.api.at(platform).magic_link(&link).await;
    if url.is_err() || !args.json {
        session.warn_of_replacement();
    }
    let url = url.map_err(|error| {
        let (principal, held) = if by_assertion {
            (Principal::CompanyManager, SCOPE.parse().ok())
        } else {
            (Principal::Company, None)
        };
        explained(error, "POST /v1/magic-link", principal, held.as_ref())
    })?;
    if !url.is_vschar() {
        return Err(no_address());
    }
    print(&url, session.replacement().as_ref(), args.json)
}

fn described(args: &MagicLinkCreateArgs) -> Result<MagicLink, Failure> {
    let link = match (&args.person.user, &args.person.employment) {
        (Some(id), _) => MagicLink::for_user(id),
        (None, employment) => MagicLink::for_employment(employment.as_deref().unwrap_or_default()),
    };
    match &args.path {
        Some(path) => Ok(link.to(path)?),
        None => Ok(link),
    }
}

/// What a terminal would act on is no address.
fn no_address() -> Failure {
    let message = "create the magic link: what came is no address";
    Failure::new(Exit::Drift, "deviated.magic_link", message)
        .hint("report this to whoever runs the gateway")
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command is to print the link"
)]
fn print(url: &Secret, replacement: Option<&RefreshToken>, json: bool) -> Result<(), Failure> {
    let url = url.expose_secret();
    let text = Zeroizing::new(if json {
        render::json_line(&Document {
            schema: SCHEMA,
            url,
            refresh_token: replacement.map(answer::refresh_token),
        })
    } else {
        format!("{url}\n")
    });
    render::print(&text)
}
