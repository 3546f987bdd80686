//! What the suite and a client say to each other: a step and its answer, one line of JSON each.
//!
//! Rust clients can read and write these types; for everybody else the documentation of
//! [`judge::client`](super) shows the lines.

use serde::{Deserialize, Serialize};

/// What a client is to do: one line on its standard input.
///
/// # Secrets
///
/// All of them are inventions of the suite, for a server that it plays itself.
#[derive(Clone, Serialize, Deserialize)]
pub struct Step {
    /// What to do.
    #[serde(flatten)]
    pub act: Act,
    /// The base address of the server, below which the endpoints have their documented paths.
    pub gateway: String,
    /// The identifier of the client.
    pub client_id: String,
    /// The secret of the client.
    pub client_secret: String,
    /// How the server names itself in authorization responses, if it announced that it does.
    pub issuer: Option<String>,
}

/// The acts, by the member `step`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Act {
    /// Ask for a token of the client's own.
    ClientCredentials,
    /// Make the address to which a company's admin is sent.
    AuthorizationBegin {
        /// The redirection URI, as it is registered.
        redirect_uri: String,
        /// What to ask the company for.
        scope: String,
    },
    /// Judge a callback by the authorization that was begun last in this process, and redeem its code.
    AuthorizationAccept {
        /// The whole address at which the browser arrived.
        callback: String,
    },
    /// Ask for a new token by a refresh token.
    Refresh {
        /// The refresh token.
        refresh_token: String,
    },
    /// Ask for a token by an assertion that is made for it.
    JwtBearer {
        /// Whom the token is for.
        subject: String,
        /// What to ask for.
        scope: String,
    },
    /// `GET` an address with a token of the client's own.
    ApiCall {
        /// The address.
        url: String,
    },
    /// A step of a later version of the suite.
    #[serde(other)]
    Unknown,
}

/// How a step ended: one line on the client's standard output.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Answer {
    /// There is a token.
    Token(Token),
    /// The authorization was begun.
    Began {
        /// The address to which the admin is sent.
        url: String,
    },
    /// The API answered, with whatever status.
    Answered {
        /// The last status.
        status: u16,
    },
    /// The server said no, in its own words and for a reason that stands.
    Refused {
        /// The word of the server's `error`, or a word of the client's own where there was none.
        error: String,
    },
    /// Nothing came that can be used, or the client would not go on.
    Failed {
        /// Why, in a word or a sentence of the client's own.
        reason: String,
    },
    /// The client cannot do this at all.
    Unsupported,
}

/// What a client holds after a token request.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    /// The access token.
    pub access_token: String,
    /// For how many seconds from now the client will use it; none if it does not keep tokens.
    pub expires_in: Option<u64>,
    /// The refresh token that is to be kept from now on.
    pub refresh_token: Option<String>,
    /// The scope that the server says it granted.
    pub scope: Option<String>,
    /// The company that consented.
    pub company_id: Option<String>,
    /// The user who consented.
    pub user_id: Option<String>,
}

impl Answer {
    /// Says how the step ended, with nothing that a token answer holds.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Token(_) => "a token".to_owned(),
            Self::Began { .. } => "an address".to_owned(),
            Self::Answered { status } => format!("status {status}"),
            Self::Refused { error } => format!("refused ({})", error.escape_debug()),
            Self::Failed { reason } => format!("failed ({})", reason.escape_debug()),
            Self::Unsupported => "unsupported".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_and_an_answer_are_lines_of_json_that_any_language_can_write() {
        let step = Step {
            act: Act::Refresh {
                refresh_token: "r".into(),
            },
            gateway: "http://127.0.0.1:1".into(),
            client_id: "i".into(),
            client_secret: "s".into(),
            issuer: None,
        };
        assert_eq!(
            serde_json::to_string(&step).expect("JSON"),
            r#"{"step":"refresh","refresh_token":"r","gateway":"http://127.0.0.1:1","client_id":"i","client_secret":"s","issuer":null}"#
        );
        let answer: Answer =
            serde_json::from_str(r#"{"outcome":"token","access_token":"a","more":1}"#)
                .expect("an answer");
        assert!(
            matches!(answer, Answer::Token(Token { access_token, expires_in: None, .. }) if access_token == "a")
        );
        let answer: Answer =
            serde_json::from_str(r#"{"outcome":"unsupported"}"#).expect("an answer");
        assert_eq!(answer.shown(), "unsupported");
    }

    #[test]
    fn a_step_of_a_later_suite_is_read_as_unknown() {
        let line = r#"{"step":"device_code","gateway":"g","client_id":"i","client_secret":"s","user_code":"x"}"#;
        let step: Step = serde_json::from_str(line).expect("a step");
        assert!(matches!(step.act, Act::Unknown));
    }
}
