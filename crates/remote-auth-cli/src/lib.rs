//! The command line for Remote's authorization.
//!
//! # What is here
//!
//! * `remote-auth demo` runs every way in against an embedded sandbox, and every misuse that must fail.
//! * `remote-auth token` gets one token without a browser; `remote-auth login` gets one with a browser.
//! * `remote-auth whoami` tells whose token it is, and whether it may do what is planned; `remote-auth scopes` plans
//!   and explains without a token.
//! * `remote-auth companies`, `remote-auth magic-link` and `remote-auth webhook` are the operations of the API that
//!   authentication touches.
//! * `remote-auth conformance` judges a server or a client by what the documents demand; its `shim` puts the library
//!   before that judge.
//! * `remote-auth sandbox serve` keeps an embedded sandbox running.
//!
//! # What is not
//!
//! No rule of OAuth: those are in `remote-auth`.
//! Nothing is stored between two runs.
//!
//! # The invariant
//!
//! Standard output carries what was asked for and nothing else; everything for people goes to standard error.
//! A secret comes in by an environment variable or a file, never as an argument, and goes out only where the command
//! is to print it.

mod answer;
mod args;
mod cmd_companies;
mod cmd_conformance;
mod cmd_conformance_shim;
mod cmd_demo;
mod cmd_login;
mod cmd_magic_link;
mod cmd_sandbox;
mod cmd_scopes;
mod cmd_token;
mod cmd_webhook;
mod cmd_whoami;
mod env;
mod exit;
mod failure;
mod log;
mod loopback;
mod render;
mod scope_text;
mod session;

use std::process::ExitCode;

use args::{
    Args, Command, CompaniesCommand, ConformanceCommand, MagicLinkCommand, SandboxCommand,
    ScopesCommand, WebhookCommand,
};
use exit::Exit;
use failure::Failure;
use render::Paint;

/// Runs the program with the arguments and the environment of this process.
///
/// Call it once: it sets up where log lines go.
pub fn main() -> ExitCode {
    let args = match args::parse() {
        Ok(args) => args,
        Err(answered) => return answered,
    };
    let paint = Paint::for_stderr(args.color);
    log::start(args.verbose, paint);
    let json = args.command.json();
    match run(args) {
        Ok(()) => Exit::Success.into(),
        Err(failure) => {
            failure.report(json, paint);
            failure.exit().into()
        }
    }
}

fn run(args: Args) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|_| {
            Failure::new(
                Exit::Other,
                "runtime.start",
                "start the asynchronous runtime",
            )
        })?;
    let outcome = runtime.block_on(dispatch(args));
    // A name that is still being looked up must not keep the process.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Demo(demo) => cmd_demo::run(&demo, Paint::for_stdout(args.color)).await,
        Command::Token(token) => cmd_token::run(&token).await,
        Command::Login(login) => cmd_login::run(&login).await,
        Command::Whoami(whoami) => cmd_whoami::run(&whoami).await,
        Command::Companies { command } => match command {
            CompaniesCommand::List(list) => cmd_companies::list(&list).await,
            CompaniesCommand::Create(create) => cmd_companies::create(&create).await,
            CompaniesCommand::CreateToken(token) => cmd_companies::create_token(&token).await,
        },
        Command::MagicLink {
            command: MagicLinkCommand::Create(create),
        } => cmd_magic_link::create(&create).await,
        Command::Webhook {
            command: WebhookCommand::Verify(verify),
        } => cmd_webhook::verify(&verify),
        Command::Scopes { command } => match command {
            ScopesCommand::Plan(plan) => cmd_scopes::plan(&plan),
            ScopesCommand::Explain(explain) => cmd_scopes::explain(&explain),
            ScopesCommand::List(list) => cmd_scopes::list(&list),
        },
        Command::Conformance { command } => match command {
            ConformanceCommand::Shim => cmd_conformance_shim::run().await,
            ConformanceCommand::List(list) => cmd_conformance::list(&list),
            ConformanceCommand::Run(run) => {
                cmd_conformance::run(&run, Paint::for_stderr(args.color)).await
            }
        },
        Command::Sandbox { command } => match command {
            SandboxCommand::Serve(serve) => cmd_sandbox::serve(&serve).await,
            SandboxCommand::Fixture => render::print(remote_auth_sandbox::Fixture::built_in()),
        },
    }
}
