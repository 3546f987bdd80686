//! An answer of the token endpoint, with what it deserves.
//!
//! It is put together from members, so that what it deserves is known without parsing it.

use std::collections::BTreeSet;
use std::fmt;

use crate::mark::MARK;

/// Holds one answer as a server sends it.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header fields, `Content-Type` among them where there is one.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What the body is, where it is a JSON object.
    pub members: Option<Members>,
}

impl Answer {
    /// Makes an answer from its parts.
    pub fn new(status: u16, media_type: Option<&str>, body: impl Into<Vec<u8>>) -> Self {
        let field = |media_type: &str| ("content-type".to_owned(), media_type.to_owned());
        Self {
            status,
            headers: media_type.map(field).into_iter().collect(),
            body: body.into(),
            members: None,
        }
    }

    pub(crate) fn object(status: u16, media_type: Option<&str>, members: Members) -> Self {
        Self {
            members: Some(members.clone()),
            ..Self::new(status, media_type, members.json())
        }
    }

    /// Adds a header field.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Tells whether a client may take a token from this answer, and from which text.
    ///
    /// That takes status 200 and an object with one `access_token` of `VSCHAR`, one `token_type` that is `Bearer` in
    /// any case, and no `error`. A member that is `null` counts as missing.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6749#section-5.1>
    pub fn token(&self) -> Option<&str> {
        let members = self.members.as_ref().filter(|_| self.status == 200)?;
        let token = members.only("access_token")?.as_text()?;
        let bearer = members.only("token_type")?.as_text()?;
        let fits = !token.is_empty()
            && token.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
            && bearer.eq_ignore_ascii_case("bearer")
            && members.absent("error");
        fits.then_some(token)
    }

    /// Tells whether a client must take the token: nothing else in the answer is out of order either.
    pub fn is_sound(&self) -> bool {
        let Some(members) = self.members.as_ref().filter(|_| self.token().is_some()) else {
            return false;
        };
        let text = |name| {
            members.absent(name) || members.only(name).is_some_and(|v| v.as_text().is_some())
        };
        let life = members.absent("expires_in")
            || members
                .only("expires_in")
                .is_some_and(|v| v.seconds().is_some());
        let description =
            members.absent("error_description") || members.only("error_description").is_some();
        let texts = ["refresh_token", "scope", "company_id", "user_id"];
        life && description && texts.into_iter().all(text)
    }

    /// Returns the whole seconds that `expires_in` says, at least zero; `None` where it says nothing.
    pub fn expires_in(&self) -> Option<u64> {
        self.members.as_ref()?.only("expires_in")?.seconds()
    }

    /// Returns the tokens of `scope`, each once and in order; `None` where there is no such member.
    pub fn scope_tokens(&self) -> Option<Vec<&str>> {
        let text = self.members.as_ref()?.only("scope")?.as_text()?;
        let tokens: BTreeSet<_> = text.split(' ').filter(|token| !token.is_empty()).collect();
        Some(tokens.into_iter().collect())
    }
}

impl fmt::Debug for Answer {
    /// Shows the body as text, which is how a person wants to see a case that breaks a law.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body", &String::from_utf8_lossy(&self.body))
            .finish()
    }
}

/// Holds the members of an object in their order, names possibly twice.
#[derive(Clone, Debug)]
pub struct Members(pub(crate) Vec<(String, Value)>);

impl Members {
    pub(crate) fn json(&self) -> String {
        Value::Object(self.0.clone()).json()
    }

    /// Returns the member of a name that stands exactly once.
    fn only(&self, name: &str) -> Option<&Value> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        values
            .next()
            .filter(|_| values.next().is_none())
            .map(|(_, value)| value)
    }

    /// Tells whether a member is missing, or `null` once.
    fn absent(&self, name: &str) -> bool {
        matches!(self.only(name), Some(Value::Null))
            || self.0.iter().all(|(known, _)| known != name)
    }

    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value));
    }
}

/// Holds a JSON value together with what it means.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Text.
    Text(String),
    /// Text of which every character is written as `\u` and four digits.
    Escaped(String),
    /// A number as it is written, with the whole seconds from zero up that it means.
    Number(String, u64),
    /// The same within quotes.
    Quoted(String, u64),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
    /// Text with half a character, which is JSON and no Unicode.
    Surrogate,
    /// Lists within lists, so many deep.
    Deep(usize),
}

impl Value {
    pub(crate) fn json(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(yes) => yes.to_string(),
            Self::Text(text) => quoted(text),
            Self::Escaped(text) => {
                let units: String = text
                    .encode_utf16()
                    .map(|unit| format!("\\u{unit:04x}"))
                    .collect();
                format!("\"{units}\"")
            }
            Self::Number(written, _) => written.clone(),
            Self::Quoted(written, _) => format!("\"{written}\""),
            Self::List(values) => {
                let values: Vec<_> = values.iter().map(Self::json).collect();
                format!("[{}]", values.join(","))
            }
            Self::Object(members) => {
                let member =
                    |(name, value): &(String, Self)| format!("{}:{}", quoted(name), value.json());
                let members: Vec<_> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
            Self::Surrogate => format!("\"{MARK}\\ud800\""),
            Self::Deep(levels) => format!("{}{}", "[".repeat(*levels), "]".repeat(*levels)),
        }
    }

    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Escaped(text) | Self::Quoted(text, _) => Some(text),
            _ => None,
        }
    }

    fn seconds(&self) -> Option<u64> {
        match self {
            Self::Number(_, seconds) | Self::Quoted(_, seconds) => Some(*seconds),
            _ => None,
        }
    }
}

/// Holds a refusal with what it says.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The answer.
    pub answer: Answer,
    /// The word of RFC 6749 section 5.2, where the refusal has one.
    pub word: Option<&'static str>,
    /// The explanation, where it is text.
    pub description: Option<String>,
}
