//! Authorization servers that are not ours: other people's, each in a process of its own.
//!
//! Their programs are in `long/foreign`. Each serves both endpoints where Remote has them, knows one client, and has a
//! person who signs in and consents at once.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::foreign::Foreign;

/// The client that each of them knows, with what form-encoding has to escape and what it need not.
pub const CLIENT: (&str, &str) = ("odd client %&+-_.!~*'():", "odd secret %2B&+=;/?@[]\"<>:");

/// The one redirection URI of that client.
pub const REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// Serves until it is dropped.
#[derive(Debug)]
pub struct Witness {
    gateway: String,
    /// Ends with this value.
    _process: Child,
    /// A program that speaks to nobody may end.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Witness {
    /// Starts a program of `long/foreign`, such as `oidc_provider.mjs`.
    ///
    /// # Panics
    ///
    /// If it does not start to serve.
    pub async fn start(foreign: &Foreign, program: &str) -> Self {
        Self::start_for(CLIENT, foreign, program).await
    }

    /// Starts it for another client, by identifier and secret.
    ///
    /// # Panics
    ///
    /// If it does not start to serve.
    pub async fn start_for(client: (&str, &str), foreign: &Foreign, program: &str) -> Self {
        let mut process = foreign
            .program(program)
            .env("CLIENT_ID", client.0)
            .env("CLIENT_SECRET", client.1)
            .env("REDIRECT_URI", REDIRECT_URI)
            // Authlib refuses plain HTTP, to loopback too.
            .env("AUTHLIB_INSECURE_TRANSPORT", "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter starts");
        let output = process.stdout.take().expect("standard output is a pipe");
        let mut lines = BufReader::new(output).lines();
        let address = lines.next_line().await.expect("text");
        Self {
            gateway: address.unwrap_or_else(|| panic!("{program} serves nothing")),
            _process: process,
            _output: lines,
        }
    }

    /// Returns the base address, which is the issuer of those that name one.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }
}
