//! `remote-auth sandbox serve`: an embedded sandbox that stays.

mod state;

use std::convert::Infallible;
use std::fmt::Write;
use std::future::pending;
use std::path::Path;
use std::{fs, io};

use remote_auth::secrecy::ExposeSecret;
use remote_auth::secrecy::zeroize::Zeroizing;
use remote_auth_sandbox::{Fixture, Gateway, GogoxSandbox, Rule, Sandbox, danger};

use crate::args::{ProviderName, ServeArgs};
use crate::env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use state::StateFile;

/// What the admin API is called with; this program prints both and reads neither.
const ADMIN_URL: &str = "REMOTE_SANDBOX_ADMIN_URL";
const ADMIN_KEY: &str = "REMOTE_SANDBOX_ADMIN_KEY";

/// Serves until interrupted.
pub(crate) async fn serve(args: &ServeArgs) -> Result<(), Failure> {
    let mut broken = args.danger_broken.iter();
    if broken.any(|rule| !is_kept_by(args.provider, *rule)) {
        let message = "serve the provider: --danger-broken names a rule of the other provider";
        return Err(Failure::new(Exit::Usage, "usage.provider", message)
            .hint("GOGOX keeps the rules whose names begin with gogox and with http"));
    }
    match args.provider {
        ProviderName::Remote => serve_remote(args).await,
        ProviderName::Gogox => match args.for_remote_only() {
            None => serve_gogox(args).await,
            Some(flag) => {
                let message =
                    format!("serve the provider: {flag} is about Remote, and this is GOGOX");
                Err(Failure::new(Exit::Usage, "usage.provider", message).hint("leave it out"))
            }
        },
    }
}

async fn serve_remote(args: &ServeArgs) -> Result<(), Failure> {
    let state = args.state.as_deref().map(StateFile::at);
    let kept = match &state {
        Some(state) => state.read()?,
        None => None,
    };
    let strict = Sandbox::builder()
        .port(args.port)
        .auto_approve(args.auto_approve)
        .admin_port(args.admin_port)
        .refresh_tokens(args.refresh_tokens)
        .require_pkce(args.require_pkce);
    let peopled = match (kept, &args.fixture) {
        (Some(snapshot), _) => strict.restore(snapshot),
        (None, Some(path)) => strict.fixture(read_fixture(path)?),
        (None, None) => strict,
    };
    let broken = args.danger_broken.iter().copied();
    let builder = broken.fold(peopled, |builder, rule| builder.danger_broken(rule));
    let sandbox = builder.start().await.map_err(not_started)?;
    let introduction = warned(&args.danger_broken, &introduction(&sandbox));
    let Some(state) = state else {
        until_interrupted(&introduction, pending()).await?;
        sandbox.shutdown().await;
        return Ok(());
    };
    state.write(&sandbox.snapshot())?;
    let keep = state.keep(&sandbox);
    until_interrupted(&introduction, keep).await?;
    state.write(&sandbox.shutdown_to_snapshot().await)
}

/// Reads who is to exist.
fn read_fixture(path: &Path) -> Result<Fixture, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        let message = format!("read the fixture: {}", error.kind());
        Failure::new(Exit::Configuration, "fixture.read", message)
    })?;
    Fixture::parse(&text).map_err(|error| {
        Failure::new(Exit::Configuration, "fixture.invalid", error.to_string())
            .hint("remote-auth sandbox fixture prints one that works")
    })
}

async fn serve_gogox(args: &ServeArgs) -> Result<(), Failure> {
    let strict = GogoxSandbox::builder()
        .port(args.port)
        .admin_port(args.admin_port);
    let broken = args.danger_broken.iter().copied();
    let builder = broken.fold(strict, |builder, rule| builder.danger_broken(rule));
    let gogox = builder.start().await.map_err(not_started)?;
    let introduction = warned(&args.danger_broken, &introduction_of_gogox(&gogox));
    until_interrupted(&introduction, pending()).await?;
    gogox.shutdown().await;
    Ok(())
}

/// Tells whether a provider has a rule to keep.
fn is_kept_by(provider: ProviderName, rule: Rule) -> bool {
    let of_gogox = rule.id().starts_with("gogox.");
    match provider {
        ProviderName::Remote => !of_gogox,
        ProviderName::Gogox => of_gogox || rule.id().starts_with("http."),
    }
}

/// Says before anything else which rules are broken.
fn warned(broken: &[Rule], introduction: &str) -> Zeroizing<String> {
    let warnings = broken
        .iter()
        .map(|rule| format!("# BROKEN {rule}: {}\n", danger::broken_form(*rule)));
    let warnings: String = warnings.collect();
    Zeroizing::new(warnings + introduction)
}

/// Shows the introduction and waits, while something else goes on that never ends.
async fn until_interrupted(
    introduction: &str,
    meanwhile: impl Future<Output = Infallible>,
) -> Result<(), Failure> {
    let interrupted = interruption()?;
    render::print(introduction)?;
    tokio::select! {
        () = interrupted => {}
        never = meanwhile => match never {},
    }
    render::tell("Stopping.");
    Ok(())
}

/// Says why no sandbox runs.
pub(crate) fn not_started(error: io::Error) -> Failure {
    Failure::new(
        Exit::Configuration,
        "sandbox.start",
        format!("start the embedded sandbox: {}", error.kind()),
    )
    .hint("its ports must be free; port 0 takes any free one")
}

/// Writes what a shell can read: addresses as comments, credentials as variables.
#[expect(
    clippy::disallowed_methods,
    reason = "the command is to print the demo credentials, which are good for nothing else"
)]
fn introduction(sandbox: &Sandbox) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::from(
        "# The embedded sandbox of remote-auth: loopback only, in memory, not for production.\n",
    ));
    let mut line = |line: std::fmt::Arguments<'_>| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{line}");
    };
    for gateway in Gateway::ALL {
        let url = sandbox.gateway_url(gateway);
        line(format_args!("# {:<16} {url}", gateway.name()));
    }
    let page = sandbox.page_url().expose_secret();
    line(format_args!("# live page        {page}"));
    line(format_args!("# admin API        {}", sandbox.admin_url()));
    let fixture = sandbox.fixture();
    let company = fixture.company_id();
    let manager = fixture.manager_user_id();
    let employment = fixture.employment_id();
    line(format_args!("# company          {company}"));
    line(format_args!(
        "# company manager  urn:remote-api:company-manager:user:{manager}"
    ));
    line(format_args!(
        "# employee         urn:remote-api:employee:employment:{employment}"
    ));
    for uri in sandbox.redirect_uris() {
        line(format_args!("# redirection URI  {uri}"));
    }
    let gateway = sandbox.gateway_url(Gateway::Sandbox);
    line(format_args!(
        "# Try: remote-auth token --flow client-credentials --gateway {gateway}"
    ));
    let secret = sandbox.client_secret().expose_secret();
    let api_token = sandbox.customer_api_token(Gateway::Sandbox).expose_secret();
    export(&mut text, env::CLIENT_ID.name, sandbox.client_id());
    export(&mut text, env::CLIENT_SECRET.name, secret);
    export(&mut text, env::API_TOKEN.name, api_token);
    export(&mut text, ADMIN_URL, sandbox.admin_url());
    export(&mut text, ADMIN_KEY, sandbox.admin_key().expose_secret());
    text
}

/// Writes the same for the second provider, and says what of it is documented.
#[expect(
    clippy::disallowed_methods,
    reason = "the command is to print the demo credentials, which are good for nothing else"
)]
fn introduction_of_gogox(gogox: &GogoxSandbox) -> Zeroizing<String> {
    let (url, admin_url) = (gogox.url(), gogox.admin_url());
    let mut text = Zeroizing::new(format!(
        "# The embedded sandbox of remote-auth, playing GOGOX: loopback only, in memory, not for production.
# Documented: the token request, and access_token and expires_in of its answer.
# Seen in public clients: token_type and created_at. Inferred: every refusal. Invented: the orders.
# gogox            {url}
# orders           {url}/delivery/orders
# admin API        {admin_url}
# Try: remote-auth token --provider gogox --flow client-credentials --gateway {url}
"
    ));
    let secret = gogox.client_secret().expose_secret();
    export(&mut text, env::CLIENT_ID.name, gogox.client_id());
    export(&mut text, env::CLIENT_SECRET.name, secret);
    export(&mut text, ADMIN_URL, admin_url);
    export(&mut text, ADMIN_KEY, gogox.admin_key().expose_secret());
    text
}

fn export(text: &mut String, name: &str, value: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "export {name}='{value}'");
}

/// Prepares to hear of an interruption, so that none between here and the waiting is lost.
#[cfg(unix)]
fn interruption() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|_| deaf());
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn interruption() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        // Without signals the process ends when it is ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

#[cfg(unix)]
fn deaf() -> Failure {
    Failure::new(Exit::Other, "signal.listen", "listen for interruptions")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the lines that give a variable, and holds every other to be a comment.
    fn exports(text: &str) -> usize {
        let assigns = |line: &str| {
            line.strip_prefix("export ").is_some_and(|rest| {
                let (name, value) = rest.split_once('=').unwrap_or_default();
                let quoted = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\''));
                let mut names = env::ALL.iter().map(|variable| variable.name);
                let known = [ADMIN_URL, ADMIN_KEY].contains(&name) || names.any(|own| own == name);
                known && quoted.is_some_and(|value| !value.is_empty() && !value.contains('\''))
            })
        };
        for line in text.lines() {
            assert!(assigns(line) || line.starts_with("# "), "{line}");
        }
        text.matches("export ").count()
    }

    #[tokio::test]
    async fn everything_that_is_printed_can_be_read_by_a_shell() {
        let sandbox = Sandbox::start().await.expect("a sandbox");
        assert_eq!(exports(&introduction(&sandbox)), 5);
        let broken = warned(Rule::ALL, &introduction(&sandbox));
        assert_eq!(exports(&broken), 5);
        assert_eq!(broken.matches("# BROKEN ").count(), Rule::ALL.len());
        let gogox = GogoxSandbox::start().await.expect("a sandbox");
        assert_eq!(exports(&introduction_of_gogox(&gogox)), 4);
    }
}
