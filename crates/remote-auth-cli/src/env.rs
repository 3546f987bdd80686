//! The one home of the environment: every variable that this program reads, each declared once.
//!
//! A credential can also come from a file, whose path the variable with `_FILE` at its end names.
//! Nothing here quotes a value or a path: the path of a careless setting is the secret itself.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;

use secrecy::zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::Failure;

/// The most bytes of a file that holds a credential: 64 KiB.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Declares one variable.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    /// The variable that names a file instead, for credentials.
    pub(crate) file: Option<&'static str>,
    pub(crate) about: &'static str,
}

macro_rules! variables {
    ($($ident:ident = $name:literal $(or $file:literal)?, $about:literal;)+) => {
        $(
            #[doc = $about]
            pub(crate) const $ident: Variable = Variable {
                name: $name,
                file: variables!(@file $($file)?),
                about: $about,
            };
        )+

        /// Every variable, in the order of the help.
        pub(crate) const ALL: &[Variable] = &[$($ident),+];
    };
    (@file) => { None };
    (@file $file:literal) => { Some($file) };
}

variables! {
    CLIENT_ID = "REMOTE_CLIENT_ID" or "REMOTE_CLIENT_ID_FILE", "client identifier";
    CLIENT_SECRET = "REMOTE_CLIENT_SECRET" or "REMOTE_CLIENT_SECRET_FILE", "client secret";
    PREVIOUS_SECRET = "REMOTE_CLIENT_SECRET_PREVIOUS" or "REMOTE_CLIENT_SECRET_PREVIOUS_FILE", "previous client secret, tried second during a rotation";
    REFRESH_TOKEN = "REMOTE_REFRESH_TOKEN" or "REMOTE_REFRESH_TOKEN_FILE", "refresh token, for `--flow refresh` and `conformance run`";
    API_TOKEN = "REMOTE_API_TOKEN" or "REMOTE_API_TOKEN_FILE", "customer API token, for `whoami --customer` and `conformance run`";
    SIGNING_KEY = "REMOTE_WEBHOOK_SIGNING_KEY" or "REMOTE_WEBHOOK_SIGNING_KEY_FILE", "signing key of a webhook, for `webhook verify`";
    RUST_LOG = "RUST_LOG", "what to log, in the syntax of tracing's EnvFilter; beats -v";
    NO_COLOR = "NO_COLOR", "no colour, if set and not empty";
    CLICOLOR_FORCE = "CLICOLOR_FORCE", "colour without a terminal, if set and neither empty nor 0";
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one home of the environment"
)]
fn read(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Tells whether a switch is on: neither empty nor, where a number is usual, `0`.
pub(crate) fn is_set(variable: &Variable) -> bool {
    let off =
        |value: &OsString| value.is_empty() || (variable.name != NO_COLOR.name && value == "0");
    read(variable.name).is_some_and(|value| !off(&value))
}

/// Returns the value of a variable that is no secret. One that is empty or not text counts as absent.
pub(crate) fn text(variable: &Variable) -> Option<String> {
    let value = read(variable.name)?.into_string().ok()?;
    Some(value).filter(|value| !value.is_empty())
}

/// Returns a credential that the command cannot do without.
// Requirement: remote.skill.rule-secret-manager
pub(crate) fn credential(variable: &Variable) -> Result<Zeroizing<String>, Failure> {
    resolve(variable, read(variable.name), variable.file.and_then(read))
}

/// Returns a credential that the command can do without; `None` where neither variable is set.
pub(crate) fn credential_if_set(variable: &Variable) -> Result<Option<Zeroizing<String>>, Failure> {
    let mut names = [Some(variable.name), variable.file].into_iter().flatten();
    let set = |name| read(name).is_some_and(|value| !value.is_empty());
    if names.any(set) {
        credential(variable).map(Some)
    } else {
        Ok(None)
    }
}

fn resolve(
    variable: &Variable,
    plain: Option<OsString>,
    file: Option<OsString>,
) -> Result<Zeroizing<String>, Failure> {
    let name = variable.name;
    let file_name = variable.file.unwrap_or(name);
    let set = |value: &Option<OsString>| value.as_ref().is_some_and(|value| !value.is_empty());
    match (set(&plain), set(&file)) {
        (true, true) => Err(Failure::new(
            Exit::Configuration,
            "credential.twice",
            format!("choose a credential: both {name} and {file_name} are set"),
        )
        .hint(format!("unset {name} or {file_name}"))),
        (true, false) => plain
            .unwrap_or_default()
            .into_string()
            .map(Zeroizing::new)
            .map_err(|_| not_text(name)),
        (false, true) => from_file(variable, file_name, &file.unwrap_or_default()),
        (false, false) => {
            let missing = missing(variable);
            let empty = [(name, plain), (file_name, file)]
                .into_iter()
                .filter(|(_, value)| value.is_some());
            Err(empty.fold(missing, |failure, (name, _)| {
                failure.hint(format!("{name} is set but empty, which counts as not set"))
            }))
        }
    }
}

fn missing(variable: &Variable) -> Failure {
    let failure = Failure::new(
        Exit::NotAuthenticated,
        "credential.missing",
        format!(
            "find the {}: {} is not set",
            subject(variable),
            variable.name
        ),
    );
    failure.hint(match variable.file {
        Some(file) => format!(
            "set {}, or {file} to the path of a file that holds it",
            variable.name
        ),
        None => format!("set {}", variable.name),
    })
}

/// The first words of what a variable is about, which name the credential.
fn subject(variable: &Variable) -> &'static str {
    variable.about.split(',').next().unwrap_or(variable.about)
}

fn from_file(
    variable: &Variable,
    file_name: &'static str,
    path: &OsString,
) -> Result<Zeroizing<String>, Failure> {
    let fault = |what: &str, code| {
        Failure::new(
            Exit::Configuration,
            code,
            format!("read the file that {file_name} names: {what}"),
        )
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 10));
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            // The system's own text has no path in it; only the kind is told all the same.
            fault(&error.kind().to_string(), "credential.unreadable").hint(format!(
                "{file_name} holds a path, not the credential itself"
            ))
        })?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(fault("it is larger than 64 KiB", "credential.unreadable"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| not_text(file_name))?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(missing(variable).hint(format!("the file that {file_name} names is empty")));
    }
    tracing::debug!(variable = file_name, "credential read from its file");
    Ok(Zeroizing::new(line.to_owned()))
}

fn not_text(name: &str) -> Failure {
    Failure::new(
        Exit::Configuration,
        "credential.not_text",
        format!("read {name}: it is not UTF-8 text"),
    )
    .hint("credentials are printable ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(plain: Option<&str>, file: Option<&str>) -> Result<String, &'static str> {
        resolve(&CLIENT_ID, plain.map(Into::into), file.map(Into::into))
            .map(|text| text.to_string())
            .map_err(|failure| failure.code())
    }

    #[test]
    fn one_source_is_used_two_are_refused_and_an_empty_one_is_none() {
        let cases = [
            (Some("id"), None, Ok("id".to_owned())),
            (Some("id"), Some(""), Ok("id".to_owned())),
            (Some("id"), Some("/nowhere"), Err("credential.twice")),
            (None, Some("/nowhere/at/all"), Err("credential.unreadable")),
            (Some(""), None, Err("credential.missing")),
            (None, None, Err("credential.missing")),
        ];
        for (plain, file, expected) in cases {
            assert_eq!(resolved(plain, file), expected, "{plain:?} {file:?}");
        }
    }

    #[test]
    fn a_path_that_is_really_a_secret_is_not_shown() {
        let failure = resolve(&CLIENT_SECRET, None, Some("canary".into())).expect_err("no file");
        assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
    }

    #[test]
    fn each_variable_is_declared_once() {
        for (place, variable) in ALL.iter().enumerate() {
            assert!(ALL[..place].iter().all(|other| other.name != variable.name));
            if let Some(file) = variable.file {
                assert_eq!(file, format!("{}_FILE", variable.name));
            }
        }
    }
}
