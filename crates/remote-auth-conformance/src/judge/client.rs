//! Checks for clients: the suite plays the server, and drives a client that is reached as a command.
//!
//! # The contract
//!
//! The command is started once for each check, with what the suite asks of it as lines of JSON on standard input.
//! It answers each with one line of JSON on standard output, says what it likes on standard error, and ends when its
//! input does. It is one process so that what a client keeps in memory between two steps is judged too: the state of
//! an authorization, a token. Nothing is kept from one process to the next.
//!
//! Every line in has `gateway`, `client_id`, `client_secret` and `issuer` (null unless the server announced that its
//! authorization responses name it), and one of these:
//!
//! | `step` | more members | what to do |
//! |---|---|---|
//! | `client_credentials` | | get a token of the client's own |
//! | `authorization_begin` | `redirect_uri`, `scope` | make the address for the admin |
//! | `authorization_accept` | `callback` | judge the callback, and redeem its code |
//! | `refresh` | `refresh_token` | get a token by it |
//! | `jwt_bearer` | `subject`, `scope` | get a token by an assertion |
//! | `api_call` | `url` | get a token of the client's own and `GET` the address with it |
//!
//! Every line out has one of these:
//!
//! | `outcome` | more members | when |
//! |---|---|---|
//! | `token` | `access_token`, `expires_in`, `refresh_token`, `scope`, `company_id`, `user_id` (all but the first may be null or left out) | there is a token |
//! | `began` | `url` | after `authorization_begin` |
//! | `answered` | `status` | the API answered, with whatever status |
//! | `refused` | `error` | the server said no; `error` is its word where it had one |
//! | `failed` | `reason` | anything else went wrong, or the client would not go on |
//! | `unsupported` | | the client cannot do this; the checks that need it are skipped |
//!
//! Members are only ever added, in both directions. The types of [`contract`] are these tables.
//!
//! ```text
//! → {"step":"authorization_begin","redirect_uri":"http://127.0.0.1:8787/callback","scope":"…","gateway":"http://127.0.0.1:41234","client_id":"…","client_secret":"…","issuer":null}
//! ← {"outcome":"began","url":"http://127.0.0.1:41234/auth/oauth2/authorize?response_type=code&…"}
//! → {"step":"authorization_accept","callback":"http://127.0.0.1:8787/callback?code=…&state=guessed","gateway":"…",…}
//! ← {"outcome":"failed","reason":"mismatched.state"}
//! ```
//!
//! # How silence passes
//!
//! A client that is to do nothing passes by doing nothing, so the suite looks until the process has ended and every
//! connection that was opened before has been read. That a client which never does anything passes nothing is the
//! matter of the checks in `client.flow`.
//!
//! # Secrets
//!
//! All of them are inventions of the suite, for a server that it plays itself; evidence masks them all the same.
//!
//! What is not here: whether a client can be built wrongly by whoever uses it, and time that passes. No check waits.

mod checks;
pub mod contract;
mod probe;
mod server;
mod session;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::DuplexStream;

use super::evidence::Mask;
use super::report::Finding;
use super::run::{Progress, run};
use super::selection::Selection;

use session::Reach;

pub use checks::checks;
pub use session::words;

/// How long the answer to one step is waited for, unless [`Client::patience`] says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client that is judged.
#[derive(Clone)]
pub struct Client {
    reach: Reach,
    patience: Duration,
}

impl Client {
    /// Takes a command line: a program and its arguments, parted at blanks; double quotes hold a word together.
    pub fn command(line: &str) -> Self {
        Self {
            reach: Reach::Command(words(line)),
            patience: PATIENCE,
        }
    }

    /// Takes a client that is a function of this process: it reads steps from the stream, writes answers to it, and
    /// returns what a command would have said on standard error.
    pub fn within<F>(run: impl Fn(DuplexStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = String> + Send + 'static,
    {
        Self {
            reach: Reach::Within(Arc::new(move |stream| Box::pin(run(stream)))),
            patience: PATIENCE,
        }
    }

    /// Bounds how long the answer to one step is waited for. Default ten seconds.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// Judges a client by the chosen checks, and returns one finding for each.
pub async fn judge(
    client: &Client,
    selection: &Selection,
    progress: &mut dyn Progress,
) -> Vec<Finding> {
    let mut mask = Mask::default();
    mask.learn(crate::mark::MARK);
    run(client, &checks(), selection, &mask, progress).await
}

#[cfg(test)]
mod tests;
