//! `remote-auth login`: a company's consent over a loopback redirect.
//!
//! <https://www.rfc-editor.org/rfc/rfc8252#section-7.3>

use std::process::{Command, Stdio};
use std::time::Duration;

use remote_auth::{CompanyGrant, ConsentScope};
use url::Url;

use crate::answer::{self, Beside};
use crate::args::LoginArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::loopback::Loopback;
use crate::render;
use crate::scope_text;
use crate::session::{self, WhichSecret};

/// Sends a person to the consent page, waits for the callback, and prints what the code gave.
pub(crate) async fn run(args: &LoginArgs) -> Result<(), Failure> {
    let requested = scope_text::read(&args.scope)?;
    let scope = ConsentScope::try_from(requested.clone())?;
    let client = session::client(args.place.environment()?, &args.patience)?;
    let which = WhichSecret(client.clone());
    which.settle().await?;
    let loopback = Loopback::bind(&args.redirect_uri).await?;
    let (url, pending) = client
        .authorization(loopback.redirect_uri())
        .scope(scope)
        .begin()?;

    // Always, and before a browser is tried: what opens browsers reports success without opening any.
    render::tell("Open this address in a browser, as an admin of the company:");
    render::tell(&format!("  {url}"));
    if !args.no_browser {
        open_browser(&url);
    }
    render::tell(&format!(
        "Waiting up to {} for the answer at {} …",
        render::span(Duration::from_secs(args.wait)),
        loopback.redirect_uri()
    ));
    let wait = Duration::from_secs(args.wait);
    let callback = tokio::time::timeout(wait, loopback.callback())
        .await
        .map_err(|_| nobody_answered())?;

    let code = pending.accept(&**callback)?;
    let grant = client.redeem(code).await?;
    summarize(&grant);
    let beside = Beside::of(&grant);
    let token = client.company(grant).token().await?;
    answer::print(&token, &beside, args.json)?;
    scope_text::tell_of_difference(&requested, token.granted_scope());
    Ok(())
}

fn nobody_answered() -> Failure {
    Failure::new(
        Exit::TimedOut,
        "login.timed_out",
        "see the callback: nobody answered in time",
    )
    .hint("run the command again, and allow more time with --wait")
    .hint("the redirection URI must be one that is registered for the client")
}

fn summarize(grant: &CompanyGrant) {
    let or_unnamed = |id: Option<&str>| id.unwrap_or("(not named)").to_owned();
    render::tell(&format!(
        "Connected: company {}, by user {}, environment {}.",
        render::shown(&or_unnamed(grant.company_id())),
        render::shown(&or_unnamed(grant.user_id())),
        grant.environment(),
    ));
    if grant.refresh_token().is_some() {
        render::tell("The refresh token, which is to be kept, is in the answer of --json.");
    }
}

/// Asks the system to open an address. Whether anything opens cannot be known, so nothing depends on it.
// Requirement: rfc8252.5.external-browser, rfc8252.8.12.no-embedded-view
fn open_browser(url: &Url) {
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let started = Command::new(program)
        .args(arguments)
        .arg(url.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if started.is_err() {
        tracing::debug!(program, "no browser could be started");
    }
}
