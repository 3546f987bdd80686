//! The command line for Remote's authorization.
//!
//! # What is here
//!
//! * `remote-auth demo` runs every way in against an embedded sandbox, and every misuse that must fail.
//! * `remote-auth token` gets one token without a browser; `remote-auth login` gets one with a browser.
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
mod cmd_demo;
mod cmd_login;
mod cmd_sandbox;
mod cmd_token;
mod env;
mod exit;
mod failure;
mod log;
mod loopback;
mod render;

use std::process::ExitCode;

use args::{Args, Command, SandboxCommand};
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
    let outcome = runtime.block_on(async {
        match args.command {
            Command::Demo(demo) => cmd_demo::run(&demo, Paint::for_stdout(args.color)).await,
            Command::Token(token) => cmd_token::run(&token).await,
            Command::Login(login) => cmd_login::run(&login).await,
            Command::Sandbox {
                command: SandboxCommand::Serve(serve),
            } => cmd_sandbox::serve(&serve).await,
        }
    });
    // A name that is still being looked up must not keep the process.
    runtime.shutdown_background();
    outcome
}
